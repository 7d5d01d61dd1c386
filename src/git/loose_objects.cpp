// See loose_objects.hpp. A loose object is a zlib stream of "blob 123", a zero byte and the content.
#include "loose_objects.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h>  // since libgit2 1.8; before that in git2/errors.h
#endif
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "nmz/files/contents.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

/// libgit2 gives them 1, and packs 2; of two with the same number alternates are asked first, then what came first.
constexpr int priority_behind_packs = 2;
constexpr int deepest_alternate = 5;
constexpr std::size_t longest_header = 64;
/// What a byte of deflated data can become at most (RFC 1951); a header that promises more is damaged.
constexpr std::size_t most_inflated = 1032;

struct Backend {
  git_odb_backend base{};  ///< the first member: libgit2 hands it back
  std::vector<fs::path> directories;
};

/// The whole file; nothing where there is none, and nothing but `failed` set where it cannot be read.
std::optional<std::string> content_of(const fs::path& path, bool& failed) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO is opened, and refused
  if (fd < 0) {
    failed = errno != ENOENT && errno != ENOTDIR;
    return std::nullopt;
  }
  struct stat facts {};
  std::string bytes;
  failed = ::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode);
  if (!failed) {
    bytes.resize(static_cast<std::size_t>(facts.st_size));
  }
  for (std::size_t got = 0; !failed && got < bytes.size();) {
    const ssize_t count = ::read(fd, bytes.data() + got, bytes.size() - got);
    if (count > 0) {
      got += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      failed = true;
    }
  }
  ::close(fd);
  return failed ? std::nullopt : std::optional{std::move(bytes)};
}

class Inflation {
 public:
  explicit Inflation(std::string& deflated) : good_{deflated.size() <= std::numeric_limits<uInt>::max()} {
    stream_.next_in = reinterpret_cast<Bytef*>(deflated.data());  // NOLINT(*-reinterpret-cast): zlib's own type
    stream_.avail_in = static_cast<uInt>(deflated.size());
    if (inflateInit(&stream_) != Z_OK) good_ = false;
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
  ~Inflation() { inflateEnd(&stream_); }

  /// Fills the place as far as the stream goes. Returns how much it was.
  std::size_t into(void* place, std::size_t size) {
    std::size_t filled = 0;
    while (good_ && !ended_ && filled < size) {
      const auto room = static_cast<uInt>(std::min<std::size_t>(size - filled, std::size_t{1} << 30));
      stream_.next_out = static_cast<Bytef*>(place) + filled;
      stream_.avail_out = room;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      filled += room - stream_.avail_out;
      ended_ = result == Z_STREAM_END;
      good_ = ended_ || result == Z_OK;  // Z_BUF_ERROR: there is no more input
    }
    return filled;
  }
  /// Whether the stream ends here, with nothing behind it.
  bool ends() {
    Bytef extra = 0;
    return into(&extra, 1) == 0 && ended_ && stream_.avail_in == 0;
  }

 private:
  z_stream stream_{};
  bool good_;
  bool ended_ = false;
};

struct Header {
  git_object_t type = GIT_OBJECT_INVALID;
  std::size_t size = 0;
  std::size_t length = 0;  ///< of itself, with the zero byte
};

std::optional<Header> parse_header(std::string_view text) {
  const std::size_t end = text.find('\0');
  const std::size_t space = text.find(' ');
  if (end == std::string_view::npos || space >= end) {
    return std::nullopt;
  }
  Header header;
  header.type = git_object_string2type(std::string{text.substr(0, space)}.c_str());
  header.length = end + 1;
  const auto [behind, error] = std::from_chars(text.data() + space + 1, text.data() + end, header.size);
  const bool whole = error == std::errc{} && behind == text.data() + end && header.type != GIT_OBJECT_INVALID;
  return whole ? std::optional{header} : std::nullopt;
}

/// False: it is damaged.
bool inflate_object(std::string& deflated, git_odb_backend& backend, void** data, std::size_t* size,
                    git_object_t* type) {
  Inflation inflation{deflated};
  std::string begin(longest_header, '\0');
  begin.resize(inflation.into(begin.data(), begin.size()));
  const std::optional<Header> header = parse_header(begin);
  if (!header || header->size / most_inflated > deflated.size() || begin.size() - header->length > header->size) {
    return false;
  }
  // One byte more than its content: libgit2 ends it with a zero, and a empty one needs a place as well.
  auto* const bytes = static_cast<char*>(git_odb_backend_data_alloc(&backend, header->size + 1));
  if (bytes == nullptr) {
    return false;
  }
  const std::size_t known = begin.size() - header->length;
  std::memcpy(bytes, begin.data() + header->length, known);
  const bool whole = inflation.into(bytes + known, header->size - known) == header->size - known && inflation.ends();
  if (!whole) {
    git_odb_backend_data_free(&backend, bytes);
    return false;
  }
  bytes[header->size] = '\0';
  *data = bytes;
  *size = header->size;
  *type = header->type;
  return true;
}

int read_object(void** data, std::size_t* size, git_object_t* type, git_odb_backend* base, const git_oid* id) {
  try {
    const auto* const backend = reinterpret_cast<const Backend*>(base);  // NOLINT(*-reinterpret-cast): its first member
    const std::string hex = to_id(*id).hex();
    for (const fs::path& directory : backend->directories) {
      const fs::path path = directory / hex.substr(0, 2) / hex.substr(2);
      bool failed = false;
      std::optional<std::string> deflated = content_of(path, failed);
      if (!deflated && !failed) {
        continue;
      }
      if (deflated && inflate_object(*deflated, *base, data, size, type)) {
        return 0;
      }
      git_error_set_str(GIT_ERROR_ODB, ("'" + path.string() + "' is cut off or damaged").c_str());
      return GIT_ERROR;
    }
    return GIT_ENOTFOUND;
  } catch (const std::exception& no_memory) {
    git_error_set_str(GIT_ERROR_NOMEMORY, no_memory.what());
    return GIT_ERROR;
  }
}

void free_backend(git_odb_backend* base) {
  const std::unique_ptr<Backend> owner{reinterpret_cast<Backend*>(base)};  // NOLINT(*-reinterpret-cast): as above
}

/// As libgit2 follows them.
void add_directories(std::vector<fs::path>& directories, const fs::path& objects, int depth) {
  directories.push_back(objects);
  std::istringstream file{files::contents(objects / "info/alternates").value_or("")};
  for (std::string line; depth < deepest_alternate && std::getline(file, line);) {
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    add_directories(directories, line.starts_with('.') ? objects / line : fs::path{line}, depth + 1);
  }
}

}  // namespace

std::vector<fs::path> object_directories(const fs::path& objects) {
  std::vector<fs::path> directories;
  add_directories(directories, objects, 0);
  return directories;
}

std::optional<fs::path> not_a_file(const fs::path& objects) {
  std::error_code error;  // what cannot be listed is nothing that is opened
  const auto waits = [](const fs::directory_entry& entry) {
    std::error_code ignored;
    const fs::file_type type = entry.status(ignored).type();
    return type == fs::file_type::fifo || type == fs::file_type::character;
  };
  for (const fs::path& directory : object_directories(objects)) {
    for (const char* below : {"pack", "info"}) {
      for (const fs::directory_entry& entry : fs::directory_iterator{directory / below, error}) {
        if (waits(entry)) return entry.path();
      }
    }
  }
  fs::recursive_directory_iterator at{objects.parent_path() / "refs", error};
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (waits(*at)) return at->path();
  }
  return std::nullopt;
}

void read_loose_objects_safely(git_odb& odb, const fs::path& objects) {
  auto backend = std::make_unique<Backend>();
  git_odb_init_backend(&backend->base, GIT_ODB_BACKEND_VERSION);
  backend->base.read = read_object;
  backend->base.free = free_backend;
  backend->directories = object_directories(objects);
  if (git_odb_add_backend(&odb, &backend->base, priority_behind_packs) == 0) {
    static_cast<void>(backend.release());  // NOLINT(bugprone-unused-return-value): the database owns it
  }
}

}  // namespace nmz::git
