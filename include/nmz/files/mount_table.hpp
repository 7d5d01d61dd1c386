// What is mounted where this process is: /proc/self/mountinfo (proc(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nmz::files {

struct MountPoint {
  std::string path;
  std::string type;  ///< "ext4", "fuse.sshfs"
};

/// In the order of the table, which `text` is.
[[nodiscard]] std::vector<MountPoint> mount_points(std::string_view text);

/// Of this moment; none when that cannot be read.
[[nodiscard]] std::vector<MountPoint> mount_points();

/// Whether a server stands behind the type, which may be gone: who asks such a file system for as much as the size of a
/// file may wait for ever.
[[nodiscard]] bool may_never_answer(const MountPoint& mount);

}  // namespace nmz::files
