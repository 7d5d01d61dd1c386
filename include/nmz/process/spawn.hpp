// Starting a program that has nothing to do with this one but the descriptors it is given.
//
// posix_spawn, because this program may have threads and much memory. (Where the kernel is asked for a signal at the
// parent's end it cannot be used: the agent's jobs, git's processes, and the searches that hooks and suites begin, see
// agent/process.hpp, git_program/git_program.cpp, hook/child.cpp and nmzswarm/on_failure.cpp.)
#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <tl/expected.hpp>

namespace nmz::process {

struct SpawnRequest {
  SpawnRequest() = default;
  std::vector<std::string> command;                     ///< its first word is looked up in PATH
  std::optional<std::vector<std::string>> environment;  ///< NAME=value; nothing: ours
  /// What it has open, in this order: ours, and the number that the child knows it by. Without one for 0, /dev/null is
  /// read.
  std::vector<std::pair<int, int>> descriptors;
};

/// In a session of its own, so that a Ctrl-C for this program is none for it, with signals as a fresh program has them.
[[nodiscard]] tl::expected<pid_t, std::error_code> spawn(SpawnRequest request);

}  // namespace nmz::process
