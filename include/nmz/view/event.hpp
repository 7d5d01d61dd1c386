// What happens during a search, in words a person or a program can use.
//
// One stream of events feeds every view (text, JSON lines; later curses, HTML, a trace), so that they never disagree.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nmz/job/outcome.hpp"

namespace nmz::view {

using Seconds = std::chrono::duration<double>;

struct SearchStarted {
  std::size_t candidates = 0;
  std::uint32_t workers = 0;
  double rounds = 0;  ///< expected
  std::string log_directory;
};

struct JobStarted {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string commit;  ///< 40 hex digits
};

/// The verdict's word is the user's (--term-old, --term-new) or "skip"; for an execution that gave no verdict it says
/// why not.
enum class Mark : std::uint8_t { good, bad, skip, retried, cancelled, late };

struct JobDone {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string commit;
  std::string subject;
  Mark mark = Mark::skip;
  std::string word;
  std::string detail;  ///< exit code, signal, ...
  Seconds took{0};
  std::string log;  ///< path, may be empty
};

/// With every verdict, just before its JobDone.
struct Progress {
  std::size_t candidates_left = 0;
  std::size_t tests = 0;     ///< verdicts so far
  double rounds_left = 0;    ///< expected
  Seconds expected_left{0};  ///< 0 while nothing is known of how long a job takes
};

struct WorkerGone {
  job::WorkerId worker{};
  std::string reason;
  bool restarting = false;
  bool makes_room = false;  ///< ended on purpose, not lost
};

/// Something a person should know; one line.
struct Notice {
  std::string text;
};

struct Suspect {
  std::string commit;
  std::string subject;
  double share = 0;
};

struct SearchEnded {
  std::string result;  ///< "found", "only-skipped", "interrupted", ...: stable words for scripts
  std::vector<Suspect> suspects;
  std::string message;  ///< one line
  std::size_t tests = 0;
  std::size_t good = 0;
  std::size_t bad = 0;
  std::size_t skip = 0;
  std::uint32_t workers = 0;
  Seconds wall{0};
  std::size_t serial_tests = 0;  ///< of a search with one worker; 0 = unknown
  std::string log_directory;
  int exit_code = 0;
};

struct PlannedCommit {
  std::string commit;
  std::string subject;
  bool probe = false;  ///< tested first
};

/// All there is of a dry run.
struct SearchPlanned {
  std::size_t candidates = 0;
  std::uint32_t workers = 0;
  double rounds = 0;                   ///< expected
  std::vector<PlannedCommit> commits;  ///< the newest first
};

/// Only time has passed.
struct Tick {};

using Event =
    std::variant<SearchPlanned, SearchStarted, JobStarted, JobDone, Progress, WorkerGone, Notice, SearchEnded, Tick>;

class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  View(View&&) = delete;
  View& operator=(View&&) = delete;
  virtual ~View() = default;

  /// `now`: since the start of the run.
  virtual void show(const Event& event, Seconds now) = 0;
};

}  // namespace nmz::view
