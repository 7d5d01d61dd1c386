// See manifest.hpp. The scan holds one descriptor per level of the tree; where a directory cannot be opened, everything
// below it is reported as changed, which costs a transfer and never a wrong answer.
#include "manifest.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <strings.h>
#include <sys/xattr.h>

#include "nmz/files/removal.hpp"

#include "tree_path.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

bool earlier(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

std::string join(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + '/' + name;
}

/// The hash of what is at `name` now; of nothing when it cannot be read.
std::uint64_t hash_on_disk(int directory, const char* name, mode_t mode) {
  constexpr std::size_t chunk = std::size_t{64} << 10;
  std::vector<char> buffer(chunk);
  ContentHash hash;
  if (S_ISLNK(mode)) {
    const ssize_t got = ::readlinkat(directory, name, buffer.data(), buffer.size());
    hash.add({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
    return hash.value();
  }
  const UniqueFd file{::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  ssize_t got = 0;
  while (file && (got = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    hash.add({buffer.data(), static_cast<std::size_t>(got)});
  }
  return hash.value();
}

/// Takes away what tests may have done to a directory: its permissions, and the marks of overlays, which would hide
/// what another search has there.
void renew(int directory, mode_t mode) {
  struct stat status {};
  std::array<char, 4096> names{};
  ::fchmod(directory, ::fstat(directory, &status) == 0 ? mode | (status.st_mode & S_ISGID) : mode);
  const ssize_t size = ::flistxattr(directory, names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    const std::string_view name{&names[static_cast<std::size_t>(at)]};
    if (!name.starts_with("security.")) {
      ::fremovexattr(directory, name.data());
    }
    at += static_cast<ssize_t>(name.size()) + 1;
  }
}

/// One scan: what does not change while it descends.
class Scan {
 public:
  Scan(const timespec& since, const Manifest::Report& report, mode_t renewed)
      : since_{since}, report_{report}, renewed_{renewed} {}

  void directory(int fd, const Manifest::Directory& expected, const std::string& path) const {
    if (renewed_ != 0 && fd >= 0) {
      renew(fd, renewed_);
    }
    for (const auto& [name, signature] : expected.files) {
      if (!untouched(fd, name, signature)) {
        report_(join(path, name));
      }
    }
    for (const auto& [name, child] : expected.directories) {
      const std::string below = join(path, name);
      const UniqueFd opened{fd < 0 ? -1 : open(fd, name.c_str())};
      if (!opened && child->wanted) {
        report_(below);
      }
      directory(opened.get(), *child, below);
    }
  }

 private:
  [[nodiscard]] int open(int parent, const char* name) const {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    return renewed_ != 0 ? files::open_own_directory(parent, name) : ::openat(parent, name, flags);
  }
  [[nodiscard]] bool untouched(int fd, const std::string& name, const Signature& signature) const {
    struct stat status {};
    if (fd < 0 || ::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !signature.matches(status)) {
      return false;
    }
    return earlier(signature.changed, since_) || hash_on_disk(fd, name.c_str(), signature.mode) == signature.content;
  }

  const timespec& since_;
  const Manifest::Report& report_;
  mode_t renewed_;
};

template <class D>
D* descend(D& root, std::string_view path) {
  D* directory = &root;
  while (!path.empty()) {
    const auto found = directory->directories.find(take_component(path));
    if (found == directory->directories.end()) {
      return nullptr;
    }
    directory = found->second.get();
  }
  return directory;
}

Manifest::Directory& descend_creating(Manifest::Directory& root, std::string_view path) {
  Manifest::Directory* directory = &root;
  while (!path.empty()) {
    const std::string name{take_component(path)};
    directory->files.erase(name);
    auto& child = directory->directories[name];
    if (!child) {
      child = std::make_unique<Manifest::Directory>();
    }
    directory = child.get();
  }
  return *directory;
}

bool is_on_disk(int tree, const std::string& path, ino_t inode) {
  struct stat status {};
  return ::fstatat(tree, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == inode;
}

/// Looks for another tracked file that is the inode `wanted`, and still is: a test may have moved it.
class InodeSearch {
 public:
  InodeSearch(int tree, ino_t wanted, std::string_view except) : tree_{tree}, wanted_{wanted}, except_{except} {}

  [[nodiscard]] bool finds_in(const Manifest::Directory& directory, const std::string& path) const {
    const auto is_it = [&](const auto& entry) {
      if (entry.second.inode != wanted_) {
        return false;
      }
      const std::string file = join(path, entry.first);
      return file != except_ && is_on_disk(tree_, file, wanted_);
    };
    const auto is_below = [&](const auto& entry) { return finds_in(*entry.second, join(path, entry.first)); };
    return std::ranges::any_of(directory.files, is_it) || std::ranges::any_of(directory.directories, is_below);
  }

 private:
  int tree_;
  ino_t wanted_;
  std::string_view except_;
};

}  // namespace

Signature::Signature(const struct stat& status, std::uint64_t content_hash)
    : inode{status.st_ino},
      mode{status.st_mode},
      size{status.st_size},
      modified{status.st_mtim},
      changed{status.st_ctim},
      content{content_hash} {}

bool Signature::matches(const struct stat& status) const {
  return inode == status.st_ino && mode == status.st_mode && size == status.st_size &&
         same_time(modified, status.st_mtim) && same_time(changed, status.st_ctim);
}

void Manifest::record_file(std::string_view path, const Signature& signature) {
  Directory& parent = descend_creating(root_, parent_of(path));
  std::string name{name_of(path)};
  parent.directories.erase(name);
  parent.files.insert_or_assign(std::move(name), signature);
}

void Manifest::record_directory(std::string_view path) { descend_creating(root_, path).wanted = true; }

void Manifest::erase(std::string_view path) {
  Directory* parent = descend(root_, parent_of(path));
  if (parent == nullptr) {
    return;
  }
  if (const auto file = parent->files.find(name_of(path)); file != parent->files.end()) {
    parent->files.erase(file);
  }
  if (const auto child = parent->directories.find(name_of(path)); child != parent->directories.end()) {
    parent->directories.erase(child);
  }
  if (parent != &root_ && !parent->wanted && parent->files.empty() && parent->directories.empty()) {
    erase(parent_of(path));
  }
}

const Signature* Manifest::find_file(std::string_view path) const {
  const Directory* parent = find_directory(parent_of(path));
  if (parent == nullptr) {
    return nullptr;
  }
  const auto file = parent->files.find(name_of(path));
  return file == parent->files.end() ? nullptr : &file->second;
}

const Manifest::Directory* Manifest::find_directory(std::string_view path) const { return descend(root_, path); }

bool Manifest::collides(std::string_view path, const struct stat& status, int tree) const {
  if (!S_ISDIR(status.st_mode)) {
    // What was laid out at this very path is no other's: that one would have met it here.
    if (const Signature* own = find_file(path); own != nullptr && own->inode == status.st_ino) {
      return false;
    }
    // A second name of the same file is a hard link that a test made, unless the file has only one name.
    return status.st_nlink == 1 && InodeSearch{tree, status.st_ino, path}.finds_in(root_, {});
  }
  const std::string parent{parent_of(path)};
  const std::string name{name_of(path)};
  const Directory* siblings = find_directory(parent);
  return siblings != nullptr && std::ranges::any_of(siblings->directories, [&](const auto& entry) {
           return entry.first != name && ::strcasecmp(entry.first.c_str(), name.c_str()) == 0 &&
                  is_on_disk(tree, join(parent, entry.first), status.st_ino);
         });
}

void Manifest::report_changes(int tree, const timespec& since, const Report& report, mode_t renewed) const {
  Scan{since, report, renewed}.directory(tree, root_, {});
}

void ContentHash::add(std::string_view bytes) {
  const auto absorb = [this](std::uint64_t word) {
    state_ = (state_ ^ word) * 0xff51afd7ed558ccdULL;
    state_ ^= state_ >> 32U;
  };
  while (!bytes.empty()) {
    if (size_ % 8 == 0 && bytes.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof(word));
      absorb(word);
      size_ += 8;
      bytes.remove_prefix(8);
      continue;
    }
    word_ |= std::uint64_t{static_cast<unsigned char>(bytes.front())} << (size_ % 8 * 8);
    bytes.remove_prefix(1);
    if (++size_ % 8 == 0) {
      absorb(std::exchange(word_, 0));
    }
  }
}

std::uint64_t ContentHash::value() const {
  std::uint64_t mixed = (state_ ^ word_) * 0xc4ceb9fe1a85ec53ULL;
  mixed ^= mixed >> 29U;
  return (mixed ^ size_) * 0xff51afd7ed558ccdULL;
}

}  // namespace nmz::agent
