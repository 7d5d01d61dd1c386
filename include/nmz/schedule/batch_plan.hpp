// A list of workloads as a plan: what runs next, in which batches, when it is over.
//
// Workers pull. What is expected to last longest goes first, one by one; what is short goes in batches that become
// smaller towards the end, so that the cost of handing out is paid seldom and no worker is left with a long queue while
// others are idle. Workloads without an expectation count as the median of the known ones. The published alternative
// is static: N chunks of the list in its order (or shuffled from a seed), each with one verdict.
//
// A subject of this plan is a batch (or a chunk): one execution, over one or several workloads. With Grouping::batches
// each workload has its own outcome, told with record_part() while the batch runs; record() ends the batch, and is
// itself the outcome of its workload when it has only one and no part was recorded. A batch that is given back, or that
// ends with workloads that have no outcome, returns those workloads to the list. With Grouping::chunks the outcome of
// the chunk is the outcome of each of its workloads.
//
// Pure: no clock, no randomness but the seed, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "nmz/dispatch/plan.hpp"

namespace nmz::schedule {

/// A workload's position in the list, from 0.
using Workload = std::uint32_t;

enum class Grouping : std::uint8_t { batches, chunks };

struct BatchOptions {
  BatchOptions() = default;
  Grouping grouping = Grouping::batches;
  std::size_t workers = 1;
  std::size_t chunks = 0;  ///< for Grouping::chunks; 0 = as many as workers
  bool shuffle = false;    ///< the list, by `seed`; for batches: what is equally long
  std::uint64_t seed = 0;
  std::chrono::nanoseconds dispatch_cost{0};  ///< what handing out one batch costs a worker; 0 = no batches above 1
  std::size_t largest_batch = 1000;
  std::size_t failures_to_stop = 0;  ///< --fail-fast=K; 0 = never
};

/// Expected duration of a workload; none = unknown.
using Expectation = std::optional<std::chrono::nanoseconds>;

/// The bounds of chunk `index` of `chunks` over a list of `size`: each takes floor(rest / chunks left) in order, as
/// Namazu Swarm published it.
struct ChunkBounds {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] ChunkBounds chunk_bounds(std::size_t size, std::size_t chunks, std::size_t index);

class BatchPlan final : public dispatch::Plan {
 public:
  /// `expected`: one a workload.
  BatchPlan(std::vector<Expectation> expected, BatchOptions options);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject batch, const wire::Outcome& outcome) override;
  void give_back(dispatch::Subject batch) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;

  /// The outcome of one workload of a running batch. A second one for the same workload is ignored.
  void record_part(dispatch::Subject batch, Workload workload, const wire::Outcome& outcome);

  /// The workloads of a batch, in the order in which they run. Valid for as long as the plan.
  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject batch) const;
  /// The workload's outcome; nothing while there is none.
  [[nodiscard]] const std::optional<wire::Outcome>& outcome(Workload workload) const;
  [[nodiscard]] std::size_t size() const;      ///< workloads
  [[nodiscard]] std::size_t done() const;      ///< workloads with an outcome
  [[nodiscard]] std::size_t failures() const;  ///< of these, not exited with 0
};

/// max(total / workers, longest): no schedule is shorter. Unknown durations are not counted.
[[nodiscard]] std::chrono::nanoseconds lower_bound(std::span<const std::chrono::nanoseconds> durations,
                                                   std::size_t workers);

}  // namespace nmz::schedule
