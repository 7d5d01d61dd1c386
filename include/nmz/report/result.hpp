// What a run of many workloads leaves for its reports: its executions, and how each workload ended.
//
// An execution is one attempt at one workload on one worker. A workload may have several: it failed and was tried
// again, its worker was lost, or a second copy was started because the first seemed to hang. Reports speak of
// workloads, so the attempts are brought together here, once for all of them. What decides is the last attempt that
// came to a verdict; failed attempts before a passed one make the workload flaky; lost and cancelled attempts say
// something about the swarm and nothing about the workload, and count only where there is no other attempt.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nmz::report {

using Seconds = std::chrono::duration<double>;

struct Execution {
  /// `flaky`: passed, but known to fail sometimes. `not_run`: the run ended before its turn.
  enum class Verdict : std::uint8_t { passed, failed, timed_out, lost, cancelled, flaky, not_run, skipped };

  Execution() = default;
  std::string workload;       ///< its id: any bytes but newline
  std::uint32_t attempt = 1;  ///< 0: it is no single execution's result
  std::uint32_t worker = 0;
  std::string node;
  Verdict verdict = Verdict::not_run;
  bool earlier = false;  ///< of a run that this one goes on with: nobody knows where and when
  std::string detail;    ///< "exit 1"
  Seconds start{0};      ///< since the start of the run
  Seconds took{0};
  std::string log_path;
  std::string log_tail;   ///< bounded by the caller; any bytes
  bool repeated = false;  ///< only asks why the workload failed: no attempt at it
  /// What more is known of its workload: names and values.
  std::vector<std::pair<std::string, std::string>> properties;
};

using Verdict = Execution::Verdict;

/// "passed", "failed", "timed out", ...
[[nodiscard]] const char* to_string(Verdict verdict);

/// A workload with its attempts. Points into the executions it was made of.
struct TestCase {
  TestCase() = default;
  const Execution* decisive = nullptr;
  std::vector<const Execution*> failures;  ///< attempts that failed or timed out before the decisive one, in order

  [[nodiscard]] Verdict verdict() const;
};

/// One a workload, in the order in which the workloads first appear. Attempts may stand in any order.
[[nodiscard]] std::vector<TestCase> test_cases(std::span<const Execution> executions);

}  // namespace nmz::report
