// See git_image.hpp. What is what in a git directory: gitrepository-layout(5).
#include "git_image.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/contents.hpp"
#include "nmz/files/unique_fd.hpp"

#include "config_text.hpp"
#include "held_directory.hpp"
#include "ref_snapshot.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

/// An entry of the git directory that is larger is not kept in memory: the data of git-annex or git-svn.
constexpr std::uintmax_t largest_entry = std::uintmax_t{4} << 20;
constexpr std::size_t most_files = 1000;

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing writes the environment
  return value == nullptr ? "" : value;
}

/// What belongs to the user's checkout and its state (a merge, a bisection, a lock), and what is made otherwise.
bool left_out(std::string_view name) {
  static const std::set<std::string_view> names{
      "HEAD",     "index",      "objects",   "refs",   "packed-refs", "logs",           "worktrees",
      "modules",  "gitdir",     "commondir", "locked", "sequencer",   "COMMIT_EDITMSG", "MERGE_MSG",
      "MERGE_RR", "MERGE_MODE", "gc.pid",    "gc.log", "AUTO_MERGE",  "SQUASH_MSG",     "reftable"};
  static constexpr std::array<std::string_view, 4> beginnings{"rebase-", "BISECT_", "sharedindex.", "fsmonitor"};
  return names.contains(name) || name.ends_with("_HEAD") || name.ends_with(".lock") ||
         std::ranges::any_of(beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

/// The user's settings, but for those that we say ourselves (see private_git_dir.cpp), and for the format of the refs:
/// ours are files.
std::string own_settings(const std::string& config) {
  static const std::set<std::string, std::less<>> said_by_us{
      "core.bare",           "core.worktree",        "core.hookspath",          "core.fsmonitor", "core.splitindex",
      "core.untrackedcache", "core.sparsecheckout",  "core.sparsecheckoutcone", "index.sparse",   "gc.auto",
      "maintenance.auto",    "extensions.refstorage"};
  return without_settings(config, said_by_us);
}

/// Copies one entry of a git directory into the image; false when it is too large for that.
class Copy {
 public:
  explicit Copy(GitImage& image) : image_{image} {}

  [[nodiscard]] bool entry(const fs::path& from, const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(from, error);
    if (status.type() == fs::file_type::symlink) {
      image_.links[path] = fs::read_symlink(from, error).string();
    } else if (status.type() == fs::file_type::directory) {
      return directory(from, path);
    } else if (status.type() == fs::file_type::regular) {
      return file(from, path, (status.permissions() & fs::perms::owner_exec) != fs::perms::none);
    }
    return true;  // sockets and the like are somebody's at work
  }

 private:
  [[nodiscard]] bool directory(const fs::path& from, const std::string& path) {
    std::error_code error;
    for (fs::directory_iterator at{from, error}, end; at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (path != "info" || (name != "sparse-checkout" && name != "refs")) {
        if (!entry(at->path(), fs::path{path} / name)) {
          return false;
        }
      }
      if (error) {
        break;
      }
    }
    return true;
  }

  [[nodiscard]] bool file(const fs::path& from, const std::string& path, bool executable) {
    std::error_code error;
    bytes_ += fs::file_size(from, error);
    if (++files_ > most_files || bytes_ > largest_entry) {
      return false;
    }
    if (std::optional<std::string> content = files::contents(from)) {
      image_.files[path] = {std::move(*content), executable};
    }
    return true;
  }

  GitImage& image_;
  std::uintmax_t bytes_ = 0;
  std::size_t files_ = 0;
};

void forget(GitImage& image, const std::string& entry) {
  const auto below = [&](const auto& item) { return item.first.starts_with(entry + '/') || item.first == entry; };
  std::erase_if(image.files, below);
  std::erase_if(image.links, below);
}

/// git-lfs finds what is not in its own directory beside the objects of an alternate, so it needs no link (and would
/// write into it).
void refer_to(const fs::path& large, const fs::path& stand_in, GitImage& image) {
  const std::string name = large.filename().string();
  forget(image, name);
  std::error_code error;
  fs::remove(stand_in / name, error);
  fs::create_symlink(large, stand_in / name, error);
  if (!error && name != "lfs") {
    image.links[name] = (stand_in / name).string();
  }
}

std::string lines_of_objects(const Place& place) {
  std::string lines = (place.common_dir / "objects").string() + '\n';
  for (const char* name : {"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}) {
    std::istringstream directories{variable(name)};
    for (std::string directory; std::getline(directories, directory, ':');) {
      lines += fs::absolute(directory).string() + '\n';
    }
  }
  return lines;
}

/// The stand-in's own files; a test that has changed them is not believed (see Stamp).
Result<void> make_stand_in(const Place& place, const fs::path& stand_in, GitImage& image) {
  std::error_code error;
  fs::create_directories(stand_in / "objects/info", error);
  const files::UniqueFd top{::open(stand_in.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const files::UniqueFd info = top ? own_directories(top.get(), "objects/info") : files::UniqueFd{};
  image.refs_file = stand_in / "packed-refs";
  // Shared by all workers: nobody may write into it.
  if (error || !info || !replace_file(info.get(), "alternates", lines_of_objects(place)) ||
      !replace_file(top.get(), "packed-refs", image.refs, 0444)) {
    return fail(ErrorKind::retryable, fmt::format("cannot write {}", stand_in.string()));
  }
  image.refs_stamp = Stamp::of(top.get(), "packed-refs");
  image.files["objects/info/alternates"] = {(stand_in / "objects").string() + '\n', false};
  return {};
}

}  // namespace

Stamp Stamp::of(int directory, const char* name) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Result<GitImage> read_git_image(const ObjectSource& source, const fs::path& stand_in) {
  const Place& place = source.place();
  GitImage image;
  Result<std::string> refs = packed_refs(source);
  if (!refs) {
    return tl::unexpected{refs.error()};
  }
  image.refs = std::move(*refs);
  if (Result<void> made = make_stand_in(place, stand_in, image); !made) {
    return tl::unexpected{made.error()};
  }
  std::error_code error;
  for (fs::directory_iterator at{place.common_dir, error}, end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!left_out(name) && !Copy{image}.entry(at->path(), name)) {
      refer_to(at->path(), stand_in, image);
    }
  }
  image.links.erase("config");
  image.files["config"] = {own_settings(files::contents(place.common_dir / "config").value_or("")), false};
  image.files.erase("config.worktree");
  if (const std::optional<std::string> own = files::contents(place.git_dir / "config.worktree")) {
    image.files["config.worktree"] = {own_settings(*own), false};
  }
  return image;
}

}  // namespace nmz::git
