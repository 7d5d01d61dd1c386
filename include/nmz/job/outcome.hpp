// What a job is called, how it ended, and what that end means: for every module one answer.
//
// The agent tells what it saw (Outcome). Whether that says something about what was tested, or only about the machine
// it was tested on, is asked of everybody: the dispatcher (is it tried again?), the plans (is it a verdict?), the
// reports (is it a failure?). Their answers have to agree, so they are given here, below wire/, and nowhere else. What
// is a program's own on top of that stays with it: that 125 skips a commit is the contract of `git bisect run` and
// stands in search/.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>

namespace nmz::job {

/// One execution asked of a worker; never reused within a run, so a late answer cannot be mistaken for a new one.
enum class JobId : std::uint64_t {};
/// A place where jobs run; keeps its number when its agent is started again.
enum class WorkerId : std::uint32_t {};

enum class Phase : std::uint8_t { build, test };

/// How an execution ended, in the agent's words.
enum class OutcomeKind : std::uint8_t {
  exited,        ///< the command ended by itself; code = exit status 0..255
  signaled,      ///< the command was ended by a signal that was not ours; code = signal number
  timed_out,     ///< killed at Run::timeout
  build_failed,  ///< the build command failed; code = its exit status, or 128 + signal
  not_started,   ///< the command cannot be executed (missing, no permission); code = errno
  unprepared,    ///< the worker could not prepare (disk full, I/O error); code = errno
  untestable,    ///< the commit can not be laid out here (unsafe path, missing directory to run in): no worker could
  cancelled,     ///< ended because of Cancel or Shutdown
  lost,          ///< never sent by an agent: the coordinator's word for a worker that went away too often
  skipped,       ///< never sent by an agent: the user wants no verdict on this
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::lost;
  std::int32_t code = 0;
  bool matched = true;      ///< false: Run::match was given and no line of the output matched
  bool disk_full = false;   ///< the work tree's file system had no space left when the command failed
  bool watched = false;     ///< what it took that others could have wanted at the same time was told (wire::Took)
  bool disk_tight = false;  ///< a file system had less left than was taken meanwhile: others may have been refused
  std::string detail;       ///< one line for a person, may be empty
  bool unread = false;      ///< it was given input, and read none of it

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// What an outcome means. The last two are no verdicts: `untestable` says that no worker could have come to one,
/// `infrastructure` that another worker, or a later try, might.
enum class Class : std::uint8_t { passed, failed, timed_out, untestable, infrastructure };

[[nodiscard]] Class classify(const Outcome& outcome);

[[nodiscard]] inline bool passed(const Outcome& outcome) { return classify(outcome) == Class::passed; }

/// Neither passed nor the infrastructure's: something is wrong with what was to be tested.
[[nodiscard]] bool is_failure(Class of);

/// The user has cancelled or skipped it. (Plans hear of no other cancellation.) It is nobody's fault.
[[nodiscard]] bool withdrawn(const Outcome& outcome);

/// The command was ended by SIGKILL, and not by us: by the kernel (no memory) or by an operator.
[[nodiscard]] bool killed_from_outside(const Outcome& outcome);

/// Of `infrastructure`: the worker could not do its part, and would fail at another job as well.
[[nodiscard]] bool blames_worker(const Outcome& outcome);

/// Of what blames the worker: something that workers may share ran out (disk space, processes, open files, memory).
[[nodiscard]] bool met_a_limit(const Outcome& outcome);

/// The command's end as a shell counts it: its exit status, or 128 + signal. Of `exited`, `signaled`, `build_failed`.
[[nodiscard]] std::int64_t shell_status(const Outcome& outcome);

/// "exit 1", "killed by signal 11 (Segmentation fault)", "timed out", ...; empty for success.
[[nodiscard]] std::string describe(const Outcome& outcome);

}  // namespace nmz::job
