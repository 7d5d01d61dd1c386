// Looking at and ending processes of this machine, by what /proc says of them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace nmz::orchestrator {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
};

/// Nothing for a zombie and for what cannot be read.
std::optional<ProcessFacts> facts_of(pid_t pid);

/// Every process that can be read; zombies left out.
std::vector<ProcessFacts> processes();

/// Whether NAME=value is in the environment the process was started with. False when it can't be read.
bool started_with(pid_t pid, std::string_view name_and_value);

/// What came of it.
struct Killed {
  std::size_t count = 0;
  std::vector<pid_t> left;  ///< that did not end: they wait in the kernel, for a file system that does not answer
};

/// Kills (SIGKILL) what `belongs` names, again and again until a look finds none, since the dying may just have
/// forked; gives up after a second. Reaps those that are children.
Killed kill_all(const std::function<bool(const ProcessFacts&)>& belongs);

/// Its name, for people; empty when it has none.
std::string name_of(pid_t pid);

}  // namespace nmz::orchestrator
