// What tests leave mounted below a directory of ours that stays.
//
// Removal detaches what it comes across (files/removal.hpp); a tree that is kept would go on to hold a mount: a device
// that cannot be taken away, memory of a tmpfs. And what is mounted over a kept tree, and cannot be detached (it is
// root's, or a server's of FUSE), would be taken for the tree by the next run, and emptied. So the kernel's own list is
// asked. A mount is known by its number: a path may lead elsewhere by the time that it is used.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::orchestrator {

struct Mount {
  int id = 0;
  std::string path;
};

/// Those at the directory or below, in the order of mountinfo (proc(5)), which `text` is.
[[nodiscard]] std::vector<Mount> mounts_below(std::string_view text, const std::string& directory);

/// Detaches what is mounted at the directory or below. Returns where something stays. `directory` has no symlinks.
[[nodiscard]] std::vector<std::string> detach_mounts(const std::filesystem::path& directory);

}  // namespace nmz::orchestrator
