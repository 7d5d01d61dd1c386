// See removal.hpp.
//
// The walk is a loop over a stack of names instead of a recursion. Each directory is listed completely before anything
// in it is removed, since removing while reading a directory skips entries on some file systems.
//
// A process that outlived its test may move directories while they are emptied, so that ".." is somewhere else: each
// level remembers its device and inode, and a ".." that is not that directory ends the walk.
#include "nmz/files/removal.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nmz/files/identity.hpp"
#include "nmz/files/listing.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::files {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct Entry {
  std::string name;
  bool is_directory = false;
};

/// Reads the entries of an open directory; 0 or an errno.
int list(int directory, std::vector<Entry>& entries) {
  const Listing listing = open_listing(directory);
  if (!listing) return errno;
  errno = 0;
  while (const dirent* found = next(listing)) {
    const std::string_view name{found->d_name};
    if (name == "." || name == "..") continue;
    bool is_directory = found->d_type == DT_DIR;
    if (found->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_directory = ::fstatat(directory, found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
    }
    entries.push_back({std::string{name}, is_directory});
    errno = 0;
  }
  return errno;
}

/// Takes the immutable and append-only flags off, where the file system has such flags and we may.
void clear_flags(int fd) {
  unsigned int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return;
  const unsigned int free = flags & ~static_cast<unsigned int>(FS_IMMUTABLE_FL | FS_APPEND_FL);
  if (free != flags) ::ioctl(fd, FS_IOC_SETFLAGS, &free);
}

/// 0 or an errno; what is already gone is no error.
int unlink_entry(int parent, const std::string& name, int flags) {
  const auto unlink = [&] { return ::unlinkat(parent, name.c_str(), flags) == 0 || errno == ENOENT ? 0 : errno; };
  int error = unlink();
  while (error == EBUSY && detach_mount(parent, name.c_str())) error = unlink();
  if (error == EPERM) {
    const UniqueFd entry{::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (entry) clear_flags(entry.get());
  } else if (error != EACCES) {
    return error;
  }
  return unlock_directory(parent) ? unlink() : error;
}

/// Whether the child is on another mount or device than its parent, for kernels that cannot be asked to stay on one.
/// The device is compared as well: a subvolume is no mount.
bool is_elsewhere(int parent, int child) {
  struct statx above {};
  struct statx below {};
  const bool both = ::statx(parent, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &above) == 0 &&
                    ::statx(child, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &below) == 0;
  return !both || above.stx_mnt_id != below.stx_mnt_id || above.stx_dev_major != below.stx_dev_major ||
         above.stx_dev_minor != below.stx_dev_minor;
}

/// chmod for a directory that cannot be opened, and is no symlink: the descriptor of O_PATH is the directory itself.
bool unlock_closed(int parent, const char* name) {
  const UniqueFd found{::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  return found && ::chmod(("/proc/self/fd/" + std::to_string(found.get())).c_str(), S_IRWXU) == 0;
}

class Walk {
 public:
  Walk(Keep* keep, const Progress& progress) : keep_{keep}, progress_{progress} {}

  Leftovers run(UniqueFd directory) {
    here_ = std::move(directory);
    enter({});
    while (!levels_.empty() && here_) {
      if (levels_.back().pending.empty()) {
        ascend();
      } else {
        descend();
      }
    }
    return std::move(left_);
  }

 private:
  struct Level {
    std::string name;
    std::optional<Identity> identity;
    bool holds_something = false;      ///< that is kept, or could not be removed
    std::vector<std::string> pending;  ///< subdirectories still to be visited
  };

  /// Removes the files of the directory that is open now, and notes its subdirectories.
  void enter(std::string name) {
    levels_.push_back({std::move(name), Identity::of(here_.get()), false, {}});
    std::vector<Entry> entries;
    if (const int error = list(here_.get(), entries); error != 0) leave_behind("", error);
    for (Entry& entry : entries) {
      if (keep_ != nullptr && keep_->keeps(entry.name, entry.is_directory)) {
        levels_.back().holds_something = true;
      } else if (entry.is_directory) {
        levels_.back().pending.push_back(std::move(entry.name));
      } else {
        progress_();
        if (const int error = unlink_entry(here_.get(), entry.name, 0); error != 0) leave_behind(entry.name, error);
      }
    }
  }

  void descend() {
    const std::string name = std::move(levels_.back().pending.back());
    levels_.back().pending.pop_back();
    UniqueFd child{open_own_directory(here_.get(), name.c_str())};
    if (child) {
      here_ = std::move(child);
      if (keep_ != nullptr) keep_->enter(name);
      enter(name);
    } else if (errno == ENOTDIR || errno == ELOOP) {
      if (const int error = unlink_entry(here_.get(), name, 0); error != 0) leave_behind(name, error);
    } else if (errno != ENOENT) {
      leave_behind(name, errno);
    }
  }

  void ascend() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty()) return;
    const bool stays = keep_ != nullptr && keep_->leave();
    here_ = UniqueFd{::openat(here_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (here_ && !(Identity::of(here_.get()) == levels_.back().identity)) here_.reset();
    if (!here_) return leave_behind(done.name, EXDEV);
    levels_.back().holds_something = levels_.back().holds_something || done.holds_something;
    if (stays) return;
    progress_();
    const int error = unlink_entry(here_.get(), done.name, AT_REMOVEDIR);
    const bool expected = done.holds_something && (error == ENOTEMPTY || error == EEXIST);
    if (error != 0 && !expected) leave_behind(done.name, error);
  }

  void leave_behind(const std::string& name, int error) {
    levels_.back().holds_something = true;
    Leftover leftover;
    for (std::size_t i = 1; i < levels_.size(); ++i) leftover.path += levels_[i].name + '/';
    leftover.path += name;
    leftover.mounted = error == EXDEV || error == EBUSY;
    leftover.error = error;
    left_.add(std::move(leftover));
  }

  Keep* keep_;
  const Progress& progress_;
  UniqueFd here_;
  std::vector<Level> levels_;
  Leftovers left_;
};

}  // namespace

void Leftovers::add(Leftover leftover) {
  constexpr std::size_t enough = 10;
  if (++count <= enough) first.push_back(std::move(leftover));
}

bool unlock_directory(int directory) {
  clear_flags(directory);
  struct stat status {};
  return ::fstat(directory, &status) == 0 && ::fchmod(directory, (status.st_mode & 07777U) | S_IRWXU) == 0;
}

/// openat() of a single name that stays on the parent's mount: not even the root of something mounted is opened, since
/// that alone can hang (FUSE). Kernels before 5.6, and sandboxes that do not know the call, get the older way.
int open_here(int parent, const char* name) {
  open_how how{};
  how.flags = directory_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  int fd = static_cast<int>(::syscall(SYS_openat2, parent, name, &how, sizeof how));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = ::openat(parent, name, directory_flags);
  UniqueFd child{fd};
  if (child && is_elsewhere(parent, child.get())) {
    errno = EXDEV;
    return -1;
  }
  return child.release();
}

int open_directory(int parent, const char* name) {
  const int fd = open_here(parent, name);
  if (fd >= 0 || errno != EACCES) return fd;
  // The parent may be what is locked, so it comes first.
  if (!unlock_directory(parent)) {
    errno = EACCES;
    return -1;
  }
  const int again = open_here(parent, name);
  if (again >= 0 || errno != EACCES) return again;
  if (!unlock_closed(parent, name)) {
    errno = EACCES;
    return -1;
  }
  return open_here(parent, name);
}

int open_own_directory(int parent, const char* name) {
  int fd = open_directory(parent, name);
  while (fd < 0 && errno == EXDEV) {
    if (!detach_mount(parent, name)) {
      errno = EXDEV;
      break;
    }
    fd = open_directory(parent, name);
  }
  return fd;
}

// The descriptor is the mount itself, whatever the name leads to by now. It is made private first: where mounts are
// shared, and with `mount --rbind /`, taking it away would take away what is mounted below the original as well.
bool detach_mount(int parent, const char* name) {
  const UniqueFd mounted{::openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  return mounted && detach_mounted(mounted.get());
}

bool detach_mounted(int mounted) {
  const std::string path = "/proc/self/fd/" + std::to_string(mounted);
  return ::mount(nullptr, path.c_str(), nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::umount2(path.c_str(), MNT_DETACH) == 0;
}

Leftovers empty_directory(int directory, Keep* keep, const Progress& progress) {
  return Walk{keep, progress}.run(UniqueFd{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)});
}

Leftovers remove_entry(int parent, const std::string& name, const Progress& progress) {
  Leftovers left;
  int error = 0;
  if (UniqueFd directory{open_own_directory(parent, name.c_str())}; directory) {
    left = Walk{nullptr, progress}.run(std::move(directory));
    for (Leftover& below : left.first) below.path.insert(0, name + '/');
    if (left.count > 0) return left;
    error = unlink_entry(parent, name, AT_REMOVEDIR);
  } else if (errno == ENOTDIR || errno == ELOOP) {
    error = unlink_entry(parent, name, 0);
  } else {
    error = errno == ENOENT ? 0 : errno;
  }
  if (error != 0) left.add({name, error, error == EXDEV || error == EBUSY});
  return left;
}

}  // namespace nmz::files
