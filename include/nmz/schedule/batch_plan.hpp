// A list of workloads as a plan: what runs next, and when it is over.
//
// Workers pull. What is expected to last longest goes first, so that the workers end together; workloads without an
// expectation count as the median of the known ones (BatchOptions::unknown_as). The published alternative is static: N
// chunks of the list in its order (or shuffled from a seed), each with one verdict.
//
// A subject of this plan is one execution: of one workload, or of a chunk, whose outcome is that of each of its
// workloads. What is given back is handed out again before anything new, under its number.
//
// Batches of several workloads that share an execution's costs but not its verdict were tried here, and taken out: a
// batch has to be cut before it is known how long its members last, and what stands behind the wrong one waits. That
// several short workloads are at their worker before it asks for them is the dispatcher's business
// (dispatch::Options::ahead), which sees how long they take and can call them back.
//
// Pure: no clock, no randomness but the seed, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

enum class Grouping : std::uint8_t { singly, chunks };

struct BatchOptions {
  BatchOptions() = default;
  Grouping grouping = Grouping::singly;
  std::size_t workers = 1;
  std::size_t chunks = 0;  ///< for Grouping::chunks; 0 = as many as workers; never more than workloads
  bool shuffle = false;    ///< the list, by `seed`; singly: what is equally long
  std::uint64_t seed = 0;
  double unknown_as = 0.5;           ///< the quantile of the known durations that an unknown one counts as
  std::size_t failures_to_stop = 0;  ///< --fail-fast=K, in workloads; 0 = never
};

/// Expected duration of a workload; none = unknown.
using Expectation = std::optional<std::chrono::nanoseconds>;

/// The bounds of chunk `index` of `chunks` over a list of `size`: each takes floor(rest / chunks left) in order, as
/// Namazu Swarm published it. So the first chunks are the smaller ones, by one.
struct ChunkBounds {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] ChunkBounds chunk_bounds(std::size_t size, std::size_t chunks, std::size_t index);

class BatchPlan final : public WorkloadPlan {
 public:
  /// `expected`: one a workload.
  BatchPlan(std::vector<Expectation> expected, BatchOptions options);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// Of a chunk: all of its workloads.
  std::optional<dispatch::Subject> run_again(Workload workload) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;

  /// In the order in which they run.
  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject subject) const override;
  /// The workload's outcome; nothing while there is none.
  [[nodiscard]] const std::optional<job::Outcome>& outcome(Workload workload) const;
  [[nodiscard]] std::size_t size() const;           ///< workloads
  [[nodiscard]] std::size_t done() const override;  ///< workloads with an outcome
  [[nodiscard]] std::size_t failures() const;       ///< of these, not exited with 0, unless the user took it out
  /// Those that were taken back.
  [[nodiscard]] std::uint32_t failures_before(dispatch::Subject subject) const override {
    return executions_.at(subject).failures;
  }

 private:
  /// A range of list_.
  struct Execution {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    bool running = false;
    std::uint32_t failures = 0;  ///< that were taken back
  };

  [[nodiscard]] bool stopped_by_failures() const;
  void settle(Workload workload, const job::Outcome& outcome);
  bool take_back(Workload workload);

  BatchOptions options_;
  std::vector<Workload> list_;              ///< in the order in which they are handed out
  std::vector<Execution> executions_;       ///< by subject
  std::size_t fresh_ = 0;                   ///< the first subject that was never handed out
  std::deque<dispatch::Subject> returned_;  ///< to be handed out before fresh ones
  std::set<dispatch::Subject> running_;
  std::vector<std::optional<job::Outcome>> outcomes_;
  std::size_t done_ = 0;
  std::size_t failures_ = 0;
};

/// max(total / workers, longest): no schedule is shorter.
[[nodiscard]] std::chrono::nanoseconds lower_bound(std::span<const std::chrono::nanoseconds> durations,
                                                   std::size_t workers);

}  // namespace nmz::schedule
