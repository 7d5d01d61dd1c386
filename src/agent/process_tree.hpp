// Every process that a job started, directly or not.
//
// A process group or session holds only what did not leave it, and tests start daemons. The agent is a child subreaper
// (prctl(2)), so whatever loses its parent becomes the agent's child: all descendants of the agent are the job's
// processes, and when the agent has no child left, none is left. That is the condition that is waited for; lists of
// processes are only used to know whom to signal, and being out of date by a fork costs another pass.
// cgroups would do the same with one write, but need privileges or a delegated hierarchy, which a developer's machine
// and an unprivileged container do not have.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>

namespace nmz::agent {

/// Makes this process the one that orphaned descendants come to. An errno, or 0.
[[nodiscard]] int become_subreaper();

/// The contents of a small file of /proc. False when it cannot be opened.
bool read_file(const std::string& path, std::string& text);

/// Where all processes of the machine are seen, also those outside of this process's world: limits count them.
[[nodiscard]] std::string& all_processes();

/// How many threads a user has, as the kernel counts them for RLIMIT_NPROC.
[[nodiscard]] std::uint64_t threads_of(uid_t user);

/// Sends the signal to all descendants. Returns how many there were. `leader`: a child whose process group stands in
/// for the list where there is no /proc; 0 = none.
std::size_t signal_descendants(int signal, pid_t leader);

/// What all processes that were collected so far have used of CPUs.
[[nodiscard]] std::chrono::microseconds cpu_of_children();

/// Collects children that have ended, without waiting.
class Reaper {
 public:
  using Ended = std::function<void(pid_t child, int wait_status)>;
  /// True while children are left.
  static bool collect(const Ended& ended);
};

/// Kills all descendants and collects them; `meanwhile` is called every few milliseconds. False when some did not end
/// in time (a process inside a hanging system call cannot be killed).
[[nodiscard]] bool kill_descendants(pid_t leader, std::chrono::milliseconds patience, const Reaper::Ended& ended,
                                    const std::function<void()>& meanwhile);

}  // namespace nmz::agent
