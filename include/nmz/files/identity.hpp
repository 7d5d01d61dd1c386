// Which file a descriptor is of.
//
// The kernel is asked and not the file system: the server of a FUSE mount that a test has left over one of our
// directories may never answer, and who asks it waits for ever.
#pragma once

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace nmz::files {

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;

  /// Nothing when it is no open descriptor.
  [[nodiscard]] static std::optional<Identity> of(int fd) {
    struct statx facts {};
    if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &facts) == 0) {
      return Identity{makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino};
    }
    struct stat status {};
    if (errno != EPERM || ::fstat(fd, &status) != 0) return std::nullopt;  // EPERM: a sandbox that does not know statx
    return Identity{status.st_dev, status.st_ino};
  }
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// Whether both are of one file.
[[nodiscard]] inline bool is_same(int one, int other) {
  const std::optional<Identity> identity = Identity::of(one);
  return identity && identity == Identity::of(other);
}

}  // namespace nmz::files
