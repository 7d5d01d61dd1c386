// Whether a failed command may have failed because no process could be started any more, or because the kernel killed
// one of its processes for want of memory.
//
// Two limits are shared by what runs beside each other: that of the user (RLIMIT_NPROC, which counts threads too) and
// that of the cgroup (pids.max). A failure because of them says something about this machine, and not about the commit.
// - The cgroup counts the forks it refused: that the count rose while the command ran is evidence.
// - It counts its processes that the kernel killed for memory as well, whether its own limit was met or the machine had
//   none left (where it is no root cgroup, as in containers and sessions of systemd). That the command itself was not
//   the one that was killed says nothing: a compiler is, and make fails with 2.
// - The user's limit leaves no trace. A command that says that it could not fork is believed if the limit is one that
//   tests do meet: it is small, or half of it is in use when the command ends. Otherwise it was the command's own
//   doing, a limit that it set for itself or processes without end. Root has no such limit.
#pragma once

#include <cstdint>
#include <string>

#include "last_words.hpp"

namespace nmz::agent {

class ProcessLimit {
 public:
  /// To be made before the command starts. `root`: of the file system where /proc and /sys are.
  explicit ProcessLimit(const std::string& root = {});

  /// Which limit was met, for a person; empty when none was. To be asked before the command's processes are killed.
  [[nodiscard]] std::string met(const LastWords& words) const;

 private:
  std::string events_;         ///< the file in which the cgroup counts forks that it refused
  std::string memory_events_;  ///< and the one with its processes that were killed
  std::uint64_t refused_ = 0;
  std::uint64_t killed_ = 0;
};

}  // namespace nmz::agent
