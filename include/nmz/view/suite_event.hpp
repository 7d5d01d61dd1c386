// What happens while a test suite runs: the stream of events that feeds every view of nmzswarm.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nmz/job/outcome.hpp"
#include "nmz/view/event.hpp"
#include "nmz/view/suite_hunt.hpp"

namespace nmz::view {

struct SuiteStarted {
  std::uint32_t workers = 0;
  std::string where;  ///< "processes", "containers of dummy", ...
  std::string log_directory;
};

/// The list is known.
struct WorkloadsListed {
  std::size_t workloads = 0;
  bool repeated = false;   ///< a hunt: each runs many times
  std::uint64_t runs = 1;  ///< of each; 0 = nobody knows yet
  std::size_t chunks = 0;  ///< 0: each workload is its own execution
  Seconds bound{0};        ///< expected; no schedule is shorter; 0 = nothing is known
};

struct WorkerReady {
  job::WorkerId worker{};
  std::string node;
};

struct WorkloadStarted {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string name;
  Seconds expected{0};  ///< 0 = unknown
};

/// flaky: passed after it had failed. lost: no worker could give it a verdict. retried, cancelled and late say why an
/// execution gave none (retried: its worker was lost, or its failure does not count yet).
enum class WorkloadResult : std::uint8_t { passed, failed, timed_out, flaky, lost, retried, cancelled, late };

struct WorkloadDone {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string name;
  WorkloadResult result = WorkloadResult::passed;
  std::string detail;  ///< exit code, signal, ...
  Seconds took{0};
  std::string log;  ///< path, may be empty
  std::size_t left = 0;
  Seconds expected_left{0};  ///< 0 = unknown
};

struct SuiteCounts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t timed_out = 0;
  std::size_t flaky = 0;
  std::size_t lost = 0;
  std::size_t cancelled = 0;  ///< ended on the way
  std::size_t not_run = 0;
  [[nodiscard]] std::size_t all() const { return passed + failed + timed_out + flaky + lost + cancelled + not_run; }
};

/// Where workers x wall went.
struct TimeSplit {
  Seconds work{0};       ///< executions that count, as their workers measured them
  Seconds start_up{0};   ///< until workers were ready, also after a loss; and the making of the list
  Seconds dispatch{0};   ///< what executions that count took beyond their work
  Seconds imbalance{0};  ///< workers without work while the last workloads ran
  Seconds retries{0};    ///< executions that do not count
  Seconds idle{0};
  [[nodiscard]] Seconds total() const { return work + start_up + dispatch + imbalance + retries + idle; }
};

struct Failure {
  std::string name;
  std::string detail;
  Seconds took{0};
  std::string log;
};

struct SuiteEnded {
  std::string result;   ///< "passed", "failed", "flaky", "lost", "empty", "not-listed", "no-workers", "interrupted"
  std::string message;  ///< one line
  SuiteCounts counts;
  std::vector<Failure> failures;
  std::vector<Failure> earlier_failures;  ///< of the run that this one goes on with, and not run again
  std::vector<Failure> flaky;             ///< each with its last failure
  std::vector<HuntedWorkload> hunted;     ///< empty unless it was a hunt
  std::uint32_t workers = 0;
  Seconds wall{0};
  Seconds makespan{0};  ///< from the first workload's start to the last one's end
  Seconds bound{0};     ///< max(total / workers, longest), of the durations measured
  TimeSplit split;
  std::vector<std::pair<std::string, Seconds>> phases;  ///< when each was reached, since the start
  std::string log_directory;
  int exit_code = 0;
};

using SuiteEvent = std::variant<SuiteStarted, WorkloadsListed, WorkerReady, WorkloadStarted, WorkloadDone, WorkerGone,
                                Notice, SuiteEnded, Tick>;

/// "passed", "failed", "timed-out", ...: stable words for scripts.
[[nodiscard]] const char* word_of(WorkloadResult result);

class SuiteView {
 public:
  SuiteView() = default;
  SuiteView(const SuiteView&) = delete;
  SuiteView& operator=(const SuiteView&) = delete;
  SuiteView(SuiteView&&) = delete;
  SuiteView& operator=(SuiteView&&) = delete;
  virtual ~SuiteView() = default;

  /// `now`: since the start of the run.
  virtual void show(const SuiteEvent& event, Seconds now) = 0;
};

}  // namespace nmz::view
