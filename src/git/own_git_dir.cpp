// See own_git_dir.hpp.
#include "own_git_dir.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/removal.hpp"

#include "held_directory.hpp"

namespace nmz::git {

namespace {

/// Names at the top that are put right on their own, or hurt nobody: objects, and submodules that a test has cloned.
bool is_kept(const std::string& path) {
  static const std::set<std::string, std::less<>> kept{"HEAD", "index", "modules", "objects", "refs", "packed-refs"};
  return kept.contains(path);
}

bool is_configuration(const std::string& path) { return path == "config" || path == "config.worktree"; }

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string::npos ? 0 : slash);
}

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(slash == std::string::npos ? 0 : slash + 1);
}

template <class Map>
bool has_below(const Map& map, const std::string& directory) {
  const auto next = map.lower_bound(directory + '/');
  return next != map.end() && next->first.starts_with(directory + '/');
}

bool is_executable(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && (status.st_mode & S_IXUSR) != 0;
}

}  // namespace

OwnGitDir::OwnGitDir(std::shared_ptr<const GitImage> image, std::string path, std::string last_words)
    : image_{std::move(image)}, path_{std::move(path)}, name_{name_of(path_)}, last_words_{std::move(last_words)} {}

tl::unexpected<Error> OwnGitDir::cannot(const char* what, std::string_view path) const {
  const std::error_code error{errno, std::generic_category()};
  return fail(ErrorKind::retryable, fmt::format("cannot {} {}/{}: {}", what, path_, path, error.message()));
}

/// A new, empty git directory at its name; what is there already is somebody else's.
Result<void> OwnGitDir::make(int parent, int aside) {
  if (!set_aside(parent, name_, aside) || ::mkdirat(parent, name_.c_str(), 0777) != 0) {
    return cannot("make", "");
  }
  files::UniqueFd made{files::open_directory(parent, name_.c_str())};
  // The number of the descriptor is in the path of the index.
  if (!made || (git_ && ::dup3(made.get(), git_.get(), O_CLOEXEC) < 0)) {
    return cannot("make", "");
  }
  refs_stamp_ = {};
  if (git_) {
    return {};
  }
  git_ = std::move(made);
  Result<WorktreeIndex> index =
      WorktreeIndex::create(fmt::format("/proc/self/fd/{}/index", git_.get()), path_ + "/index");
  if (!index) {
    return tl::unexpected{index.error()};
  }
  index_.emplace(std::move(*index));
  return {};
}

bool OwnGitDir::belongs(const std::string& path) const {
  return image_->files.contains(path) || image_->links.contains(path);
}

/// What a test left in the git directory: locks, logs, MERGE_HEAD, a rebase, ...
void OwnGitDir::remove_strangers(int directory, const std::string& path) const {
  for (const std::string& name : files::names_in(directory)) {
    const std::string full = std::filesystem::path{path} / name;
    if (is_kept(full) || belongs(full)) {
      continue;
    }
    if (!has_below(image_->files, full) && !has_below(image_->links, full)) {
      discard(directory, name);
    } else if (const files::UniqueFd below = own_directory(directory, name)) {
      remove_strangers(below.get(), full);
    }
  }
}

Result<void> OwnGitDir::restore_file(const std::string& path, const GitImage::File& file) const {
  const files::UniqueFd directory = own_directories(git_.get(), directory_of(path));
  const std::string name = name_of(path);
  const mode_t mode = file.executable ? 0777 : 0666;
  if (directory && ((read_own_file(directory.get(), name) == file.content &&
                     is_executable(directory.get(), name) == file.executable) ||
                    replace_file(directory.get(), name, file.content, mode))) {
    return {};
  }
  return cannot("write", path);
}

Result<void> OwnGitDir::restore_link(const std::string& path, const std::string& target) const {
  const files::UniqueFd directory = own_directories(git_.get(), directory_of(path));
  const std::string name = name_of(path);
  std::array<char, PATH_MAX> now{};
  const ssize_t size = directory ? ::readlinkat(directory.get(), name.c_str(), now.data(), now.size()) : -1;
  if (size >= 0 && std::string_view{now.data(), static_cast<std::size_t>(size)} == target) {
    return {};
  }
  if (directory) {
    discard(directory.get(), name);
    if (::symlinkat(target.c_str(), directory.get(), name.c_str()) == 0) {
      return {};
    }
  }
  return cannot("write", path);
}

Result<void> OwnGitDir::restore_files() const {
  for (const auto& [path, file] : image_->files) {
    Result<void> done = is_configuration(path) ? restore_file(path, {file.content + last_words_, file.executable})
                                               : restore_file(path, file);
    if (!done) {
      return done;
    }
  }
  for (const auto& [path, target] : image_->links) {
    if (Result<void> done = restore_link(path, target); !done) {
      return done;
    }
  }
  return {};
}

/// Loose refs are the test's: ours are all packed.
Result<void> OwnGitDir::restore_refs() {
  files::UniqueFd refs = own_directory(git_.get(), "refs");
  const std::vector<std::string> names = files::names_in(refs.get());
  bool strangers = names.size() != 2;
  for (const std::string& name : names) {
    const files::UniqueFd below{files::open_own_directory(refs.get(), name.c_str())};
    strangers = strangers || (name != "heads" && name != "tags") || !below || !files::names_in(below.get()).empty();
  }
  if (strangers) {
    discard(git_.get(), "refs");
    refs = own_directory(git_.get(), "refs");
    if (!refs || !own_directory(refs.get(), "heads") || !own_directory(refs.get(), "tags")) {
      return cannot("make", "refs");
    }
  }
  const Stamp now = Stamp::of(git_.get(), "packed-refs");
  return !now.none() && now == refs_stamp_ ? Result<void>{} : restore_packed_refs();
}

/// All workers share one file by hard links, as long as it is the one that was written: refs may be megabytes.
Result<void> OwnGitDir::restore_packed_refs() {
  discard(git_.get(), "packed-refs");
  if (::linkat(AT_FDCWD, image_->refs_file.c_str(), git_.get(), "packed-refs", 0) == 0) {
    refs_stamp_ = Stamp::of(git_.get(), "packed-refs");
    if (refs_stamp_ == image_->refs_stamp) {
      return {};
    }
  }
  if (!replace_file(git_.get(), "packed-refs", image_->refs, 0444)) {
    return cannot("write", "packed-refs");
  }
  refs_stamp_ = Stamp::of(git_.get(), "packed-refs");
  return {};
}

Result<void> OwnGitDir::restore(int parent, int aside) {
  const files::UniqueFd found{::openat(parent, name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  if (!found || !git_ || !same_file(found.get(), git_.get())) {
    if (Result<void> made = make(parent, aside); !made) {
      return made;
    }
  }
  remove_strangers(git_.get(), "");
  struct stat status {};
  if (::fstatat(git_.get(), "index", &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode)) {
    discard(git_.get(), "index");  // libgit2 writes to what a link leads to
  }
  if (!own_directories(git_.get(), "objects/pack")) {
    return cannot("make", "objects");
  }
  if (Result<void> done = restore_files(); !done) {
    return done;
  }
  return restore_refs();
}

Result<void> OwnGitDir::set_head(std::string_view content) const {
  return restore_file("HEAD", {std::string{content}, false});
}

}  // namespace nmz::git
