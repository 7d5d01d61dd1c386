// See sweep.hpp.
//
// The walk is a loop over a stack of names instead of a recursion: going up opens "..", which is the directory we came
// from because nothing else runs in the tree while it is swept. Each directory is listed completely before anything in
// it is removed, since removing while reading a directory skips entries on some file systems.
#include "sweep.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

struct CloseDir {
  void operator()(DIR* listing) const { ::closedir(listing); }
};

struct Entry {
  std::string name;
  bool is_directory = false;
};

/// The entries of an open directory, or an errno.
tl::expected<std::vector<Entry>, int> list(int directory) {
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDir> listing{again < 0 ? nullptr : ::fdopendir(again)};
  if (!listing) {
    return tl::unexpected<int>{errno};
  }
  std::vector<Entry> entries;
  errno = 0;
  while (const dirent* found = ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string_view name{found->d_name};
    if (name == "." || name == "..") {
      continue;
    }
    bool is_directory = found->d_type == DT_DIR;
    if (found->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_directory = ::fstatat(directory, found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
    }
    entries.push_back({std::string{name}, is_directory});
    errno = 0;
  }
  if (errno != 0) {
    return tl::unexpected<int>{errno};
  }
  return entries;
}

/// Takes the immutable and append-only flags off, where the file system has such flags and we may.
void clear_flags(int fd) {
  unsigned int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) {
    return;
  }
  const unsigned int free = flags & ~static_cast<unsigned int>(FS_IMMUTABLE_FL | FS_APPEND_FL);
  if (free != flags) {
    ::ioctl(fd, FS_IOC_SETFLAGS, &free);
  }
}

/// 0 or an errno; what is already gone is no error.
int unlink_entry(int parent, const std::string& name, int flags) {
  if (::unlinkat(parent, name.c_str(), flags) == 0 || errno == ENOENT) {
    return 0;
  }
  if (errno == EPERM) {
    const UniqueFd entry{::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (entry) {
      clear_flags(entry.get());
    }
  } else if (errno != EACCES) {
    return errno;
  }
  if (!unlock_directory(parent)) {
    return errno;
  }
  return ::unlinkat(parent, name.c_str(), flags) == 0 || errno == ENOENT ? 0 : errno;
}

/// Whether the child is the root of something mounted there: a volume of the container or what a test left behind.
/// It is no part of the tree, and following it could empty somebody's home. st_dev would not show bind mounts.
bool is_mount(int parent, int child) {
  struct statx above {};
  struct statx below {};
  const bool both = ::statx(parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &above) == 0 &&
                    ::statx(child, "", AT_EMPTY_PATH, STATX_MNT_ID, &below) == 0;
  return both && (above.stx_mnt_id != below.stx_mnt_id || above.stx_dev_major != below.stx_dev_major ||
                  above.stx_dev_minor != below.stx_dev_minor);
}

class Sweep {
 public:
  Sweep(bool keep_git, const Progress& progress) : keep_git_{keep_git}, progress_{progress} {}

  Attempt<> run(UniqueFd directory, const Manifest::Directory* keep) {
    here_ = std::move(directory);
    if (auto entered = enter({}, keep); !entered) {
      return entered;
    }
    while (!levels_.empty()) {
      const bool deeper = !levels_.back().pending.empty();
      if (auto moved = deeper ? descend() : ascend(); !moved) {
        return moved;
      }
    }
    return {};
  }

 private:
  struct Level {
    std::string name;
    const Manifest::Directory* keep;
    std::vector<std::string> pending;  ///< subdirectories still to be visited
  };

  /// Removes the files of the directory that is open now, and notes its subdirectories.
  Attempt<> enter(std::string name, const Manifest::Directory* keep) {
    auto entries = list(here_.get());
    if (!entries) {
      return failed(entries.error(), "read the directory", name);
    }
    Level level{std::move(name), keep, {}};
    for (Entry& entry : *entries) {
      if (is_kept(entry, keep)) {
        kept_something_ = true;
        continue;
      }
      if (entry.is_directory) {
        level.pending.push_back(std::move(entry.name));
        continue;
      }
      progress_();
      if (const int error = unlink_entry(here_.get(), entry.name, 0); error != 0) {
        return failed(error, "remove", entry.name);
      }
    }
    levels_.push_back(std::move(level));
    return {};
  }

  [[nodiscard]] bool is_kept(const Entry& entry, const Manifest::Directory* keep) const {
    if (keep_git_ && entry.name == ".git" && (levels_.empty() || !entry.is_directory)) {
      return true;
    }
    return !entry.is_directory && keep != nullptr && keep->files.contains(entry.name);
  }

  Attempt<> descend() {
    Level& level = levels_.back();
    std::string name = std::move(level.pending.back());
    level.pending.pop_back();
    const Manifest::Directory* keep = nullptr;
    if (level.keep != nullptr) {
      const auto child = level.keep->directories.find(name);
      keep = child == level.keep->directories.end() ? nullptr : child->second.get();
    }
    UniqueFd child{open_directory(here_.get(), name.c_str())};
    if (!child) {
      return failed(errno, "open the directory", name);
    }
    if (is_mount(here_.get(), child.get())) {
      kept_something_ = true;
      return {};
    }
    here_ = std::move(child);
    return enter(std::move(name), keep);
  }

  Attempt<> ascend() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty()) {
      return {};
    }
    UniqueFd above{::openat(here_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!above) {
      return failed(errno, "leave the directory", done.name);
    }
    here_ = std::move(above);
    if (done.keep != nullptr) {
      return {};
    }
    progress_();
    const int error = unlink_entry(here_.get(), done.name, AT_REMOVEDIR);
    const bool holds_what_we_keep = kept_something_ && (error == ENOTEMPTY || error == EEXIST);
    if (error != 0 && !holds_what_we_keep) {
      return failed(error, "remove the directory", done.name);
    }
    return {};
  }

  bool keep_git_;
  bool kept_something_ = false;
  const Progress& progress_;
  UniqueFd here_;
  std::vector<Level> levels_;
};

}  // namespace

bool unlock_directory(int directory) {
  clear_flags(directory);
  struct stat status {};
  return ::fstat(directory, &status) == 0 && ::fchmod(directory, (status.st_mode & 07777U) | S_IRWXU) == 0;
}

int open_directory(int parent, const char* name) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::openat(parent, name, flags);
  if (fd >= 0 || errno != EACCES) {
    return fd;
  }
  // The parent may be what is locked, so it comes first. fchmodat() follows symlinks: it must not be reached with one,
  // and is not, because in a parent that can be searched a symlink gives ENOTDIR here and only a directory EACCES.
  if (!unlock_directory(parent)) {
    errno = EACCES;
    return -1;
  }
  const int again = ::openat(parent, name, flags);
  if (again >= 0 || errno != EACCES || ::fchmodat(parent, name, S_IRWXU, 0) != 0) {
    return again;
  }
  return ::openat(parent, name, flags);
}

Attempt<> sweep(int tree, const Manifest::Directory* keep, const Progress& progress) {
  return Sweep{true, progress}.run(UniqueFd{::openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}, keep);
}

Attempt<> remove_entry(int parent, const std::string& name, const Progress& progress) {
  UniqueFd directory{open_directory(parent, name.c_str())};
  int error = errno;
  if (directory) {
    if (auto emptied = Sweep{false, progress}.run(std::move(directory), nullptr); !emptied) {
      return emptied;
    }
    error = unlink_entry(parent, name, AT_REMOVEDIR);
  } else if (error == ENOENT) {
    error = 0;
  } else if (error == ENOTDIR || error == ELOOP) {
    error = unlink_entry(parent, name, 0);
  }
  if (error != 0) {
    return failed(error, "remove", name);
  }
  return {};
}

}  // namespace nmz::agent
