// A list of workloads as a plan: what runs next, in which batches, when it is over.
//
// Workers pull. What is expected to last longest goes first, one by one; what is short goes in batches that become
// smaller towards the end, so that the cost of handing out is paid seldom and no worker is left with a long queue while
// others are idle. Workloads without an expectation count as the median of the known ones (BatchOptions::unknown_as).
// The published alternative is static: N chunks of the list in its order (or shuffled from a seed), each with one
// verdict.
//
// A subject of this plan is a batch (or a chunk): one execution, over one or several workloads. With Grouping::batches
// each workload has its own outcome, told with record_part() while the batch runs; record() ends the batch. What that
// means for the workloads which had no part:
// - it is the outcome of a workload that was handed out alone (also when it was the only one left of a larger batch);
// - an outcome about the infrastructure (the dispatcher has given the batch up) is the outcome of each of them;
// - else they return to the list, one by one: whatever ended the batch, each of them gets a verdict of its own then.
// A batch that is given back is handed out again before anything new, under its number, with what is left of it.
// With Grouping::chunks the outcome of the chunk is the outcome of each of its workloads; there are no parts.
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

enum class Grouping : std::uint8_t { batches, chunks };

struct BatchOptions {
  BatchOptions() = default;
  Grouping grouping = Grouping::batches;
  std::size_t workers = 1;
  std::size_t chunks = 0;  ///< for Grouping::chunks; 0 = as many as workers; never more than workloads
  bool shuffle = false;    ///< the list, by `seed`; for batches: what is equally long
  std::uint64_t seed = 0;
  std::chrono::nanoseconds dispatch_cost{0};  ///< what handing out one batch costs a worker; 0 = no batches above 1
  std::size_t largest_batch = 1000;
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
  void record(dispatch::Subject batch, const wire::Outcome& outcome) override;
  void give_back(dispatch::Subject batch) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;

  /// The outcome of one workload of a running batch. Ignored: a second one for the same workload, one from a batch that
  /// does not run or does not have the workload, and all of them with Grouping::chunks.
  void record_part(dispatch::Subject batch, Workload workload, const wire::Outcome& outcome);

  /// The workloads of a batch, in the order in which they run: all that were handed out the last time, or, once it was
  /// given back, those that are left. The span's memory is valid for as long as the plan; its content is until the
  /// batch is given back or recorded.
  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject batch) const override;
  /// The workload's outcome; nothing while there is none.
  [[nodiscard]] const std::optional<wire::Outcome>& outcome(Workload workload) const;
  [[nodiscard]] std::size_t size() const;           ///< workloads
  [[nodiscard]] std::size_t done() const override;  ///< workloads with an outcome
  [[nodiscard]] std::size_t failures() const;       ///< of these, not exited with 0

 private:
  /// A range of list_. What was recorded before it was given back stands before `begin`.
  struct Batch {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    bool running = false;
  };

  void cut(std::span<const std::size_t> sizes);
  [[nodiscard]] bool stopped_by_failures() const;
  void settle(Workload workload, const wire::Outcome& outcome);
  void drop_done(Batch& batch);
  void hand_out_singly(Batch batch);

  BatchOptions options_;
  std::vector<Workload> list_;  ///< in the order in which they are handed out; each batch is a range of it
  std::vector<Batch> batches_;  ///< by subject
  std::size_t fresh_ = 0;       ///< the first subject that was never handed out, among those cut in advance
  std::size_t cut_in_advance_ = 0;
  std::deque<dispatch::Subject> returned_;  ///< to be handed out before fresh ones
  std::set<dispatch::Subject> running_;
  std::vector<dispatch::Subject> batch_of_;  ///< by workload: the batch it is in
  std::vector<std::optional<wire::Outcome>> outcomes_;
  std::size_t done_ = 0;
  std::size_t failures_ = 0;
};

/// max(total / workers, longest): no schedule is shorter.
[[nodiscard]] std::chrono::nanoseconds lower_bound(std::span<const std::chrono::nanoseconds> durations,
                                                   std::size_t workers);

}  // namespace nmz::schedule
