// Our own program, started by a hook for a test or a search.
//
// As another process, so that a time budget can end it whatever it does: it is asked first (it removes its workers and
// trees), and killed when it does not obey. It ends with us as well, however we end (PR_SET_PDEATHSIG), and is out of
// reach of the terminal's Ctrl-C, which we hand on once.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/events/event.hpp"

namespace nmz::hook {

using Deadline = std::chrono::steady_clock::time_point;

/// SIGINT, SIGTERM and SIGHUP are heard from now on, while a child runs and between children. The end of our parent is
/// one of them where `with_parent`.
void hear_signals(bool with_parent);
/// Whether one has come.
[[nodiscard]] bool interrupted();
/// As other programs expect it.
void as_before();

struct ChildRequest {
  ChildRequest() = default;
  std::vector<std::string> arguments;  ///< behind the program's name; --json is added
  Deadline deadline = Deadline::max();
  bool quiet = false;  ///< what it says besides goes nowhere but to ChildEnd::trouble
};

struct ChildEnd {
  ChildEnd() = default;
  enum class Why { itself, deadline, interrupted } why = Why::itself;
  int exit_code = 0;
  std::optional<events::RunEnded> end;  ///< what it found; nothing when it could not begin
  std::string trouble;                  ///< the last line that it complained with
};

/// Errors: it cannot be started.
[[nodiscard]] Result<ChildEnd> run_child(const ChildRequest& request);

/// Another program with this standard input, to its end or the deadline. Returns its exit status as a shell has it.
struct ForeignRequest {
  ForeignRequest() = default;
  std::vector<std::string> command;
  bool shell = true;  ///< the one word is for a shell
  std::string input;
  Deadline deadline = Deadline::max();
};
[[nodiscard]] Result<int> run_foreign(const ForeignRequest& request);

}  // namespace nmz::hook
