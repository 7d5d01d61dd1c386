// What became of the workloads of a suite, counted from its events.
//
// An execution's result is its workload's, unless it says that the workload is run again: then its failure waits, and
// becomes the result where the run ends before. In a hunt a workload runs many times, and is flaky when it fails
// sometimes. A chunk is counted as the workloads that are in it.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "nmz/events/stream.hpp"

namespace nmz::report {

class SuiteTally final : public events::Consumer {
 public:
  void show(const events::Event& event, events::Seconds now) override;

  /// Of all workloads that are listed.
  [[nodiscard]] events::SuiteCounts counts() const;
  /// Those that failed or were lost, in the order of their ends.
  [[nodiscard]] std::vector<events::Failure> failures() const;
  /// Those that passed in the end, each with its last failure.
  [[nodiscard]] const std::vector<events::Failure>& flaky() const { return flaky_; }
  /// Of the executions with a result.
  [[nodiscard]] const std::vector<events::Seconds>& durations() const { return durations_; }
  /// From the first workload's start to the last one's end.
  [[nodiscard]] events::Seconds makespan() const;

 private:
  struct Waiting {
    Waiting() = default;
    job::Class outcome = job::Class::failed;
    std::size_t workloads = 1;
    events::Failure failure;
  };
  struct Hunted {
    Hunted() = default;
    std::size_t runs = 0;
    std::size_t failures = 0;
    bool skipped = false;
    bool lost = false;
  };

  void ended(const events::JobEnded& event);
  void settle(const events::JobEnded& event);
  void take_back(const events::RunsAgain& event);
  [[nodiscard]] events::SuiteCounts counts_of_hunt() const;

  std::size_t workloads_ = 0;
  bool hunt_ = false;
  events::SuiteCounts counts_;
  std::vector<events::Failure> failures_;
  std::vector<events::Failure> flaky_;
  std::map<std::string, Waiting> waiting_;        ///< failures that do not count, because the workload is run again
  std::map<std::string, std::size_t> cancelled_;  ///< how many workloads
  std::set<std::string> settled_;
  std::map<std::string, Hunted> hunted_;
  std::vector<events::Seconds> durations_;
  events::Seconds first_start_{-1};
  events::Seconds last_end_{-1};
};

}  // namespace nmz::report
