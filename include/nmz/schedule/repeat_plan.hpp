// A hunt for flaky workloads: each one runs many times, spread over all workers.
//
// A subject of this plan is one run of one workload. Runs go round the list, so that after any time all workloads have
// been run about equally often, on whichever workers were free, beside other workloads than before.
//
// Limits can be combined; the first one that is reached counts. Only the number of failures ends what still runs: to
// end runs that were begun because the time is up, or because a rate is known well enough, would leave out just those
// that last long, which are the ones that hang.
//
// Runs that the infrastructure took away say nothing about a workload, and are counted apart. A workload that loses
// many of them (one that always eats all memory) is given up, or a hunt without an end would run it for ever.
//
// Pure: time is told, and the seeds of the runs are computed from one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

struct RepeatOptions {
  RepeatOptions() = default;
  std::uint64_t runs = 0;              ///< of each workload; 0 = no limit
  std::uint64_t failures_to_stop = 0;  ///< of all workloads together; 0 = no limit
  std::optional<std::chrono::nanoseconds> time;
  /// Whether a workload's failures and runs are enough to know it; none = never.
  std::function<bool(std::uint64_t failures, std::uint64_t runs)> enough;
  std::uint32_t most_lost = 10;  ///< runs of a workload; so many that were skipped, too, if there are no others
};

/// What is known of a workload.
struct Tally {
  std::uint64_t runs = 0;  ///< with a verdict
  std::uint64_t failures = 0;
  std::uint32_t lost = 0;
  std::uint32_t withdrawn = 0;  ///< runs that it skipped itself, or the user has ended
};

/// Of a run, from the seed of the hunt: run 1 has that seed itself, so that a single run can be repeated by it; the
/// others fit 32 bits, because the programs that take seeds often take no more.
[[nodiscard]] std::uint64_t run_seed(std::uint64_t seed, std::uint64_t run);

class RepeatPlan final : public WorkloadPlan {
 public:
  RepeatPlan(std::size_t workloads, RepeatOptions options);

  /// Since the start; never earlier than before.
  void tell_time(std::chrono::nanoseconds now) { now_ = now; }

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject run, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject run) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;

  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject run) const override;
  [[nodiscard]] bool starts_nothing() const override { return failed_enough() || time_is_up(); }
  /// Workloads that will not run any more.
  [[nodiscard]] std::size_t done() const override;
  /// The run's number, from 1 for each workload.
  [[nodiscard]] std::uint64_t number(dispatch::Subject run) const { return runs_.at(run).number; }
  [[nodiscard]] const Tally& tally(Workload workload) const { return tallies_.at(workload); }

 private:
  struct Run {
    Workload workload = 0;
    std::uint64_t number = 1;
  };
  [[nodiscard]] bool time_is_up() const { return options_.time && now_ >= *options_.time; }
  [[nodiscard]] bool failed_enough() const;
  [[nodiscard]] bool known_well(Workload workload) const;
  std::optional<dispatch::Subject> fresh();

  RepeatOptions options_;
  std::deque<Run> runs_;  ///< by subject; a deque, because spans point into it
  std::vector<Tally> tallies_;
  std::vector<std::uint64_t> begun_;  ///< runs by workload
  std::deque<Workload> turn_;         ///< those that still run, the next one first
  std::deque<dispatch::Subject> returned_;
  std::set<dispatch::Subject> running_;
  std::uint64_t failures_ = 0;
  std::chrono::nanoseconds now_{0};
};

}  // namespace nmz::schedule
