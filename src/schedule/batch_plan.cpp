// The list is put in order and cut once, in the constructor; from then on a batch is a range of it. A batch that is
// given back keeps its range and its number (the dispatcher counts attempts by it), with what has an outcome moved to
// the front of the range and left out. So nothing is copied, and every question is answered by looking at one batch.
#include "nmz/schedule/batch_plan.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "list_order.hpp"
#include "tapering.hpp"

namespace nmz::schedule {
namespace {

/// Of workloads when none has a history, in dispatches. Too short a guess makes the last batches too long, too long a
/// one saves less; from 1 to 3 there is no difference for tests that last longer than that.
constexpr double assumed_length = 1;

bool passed(const wire::Outcome& outcome) { return outcome.kind == wire::OutcomeKind::exited && outcome.code == 0; }

/// Says nothing about workloads; comes when the dispatcher has tried often enough.
bool is_infrastructure(const wire::Outcome& outcome) {
  switch (outcome.kind) {
    case wire::OutcomeKind::unprepared:
    case wire::OutcomeKind::cancelled:
    case wire::OutcomeKind::lost:
      return true;
    case wire::OutcomeKind::signaled:
      return outcome.disk_full || outcome.code == SIGKILL;
    default:
      return outcome.disk_full && !passed(outcome);
  }
}

std::vector<std::size_t> chunk_sizes(std::size_t size, const BatchOptions& options) {
  const std::size_t asked_for = options.chunks > 0 ? options.chunks : std::max<std::size_t>(options.workers, 1);
  std::vector<std::size_t> sizes(std::min(asked_for, size));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const ChunkBounds bounds = chunk_bounds(size, sizes.size(), i);
    sizes[i] = bounds.end - bounds.begin;
  }
  return sizes;
}

/// Puts the list in order and returns the sizes of its batches.
std::vector<std::size_t> batch_sizes(std::vector<Workload>& list, std::span<const Expectation> expected,
                                     const BatchOptions& options) {
  Tapering tapering;
  tapering.workers = options.workers;
  tapering.dispatch_cost = std::chrono::duration<double>(options.dispatch_cost).count();
  tapering.largest_batch = options.largest_batch;
  const std::vector<double> seconds = fill_in(expected, options.unknown_as, assumed_length * tapering.dispatch_cost);
  const auto unknown = std::ranges::count(expected, Expectation());
  if (unknown > 0) tapering.unknown = static_cast<double>(unknown) / static_cast<double>(list.size());
  sort_longest_first(list, seconds);
  std::vector<double> in_order;
  in_order.reserve(list.size());
  for (const Workload workload : list) in_order.push_back(seconds[workload]);
  return taper(in_order, tapering);
}

}  // namespace

BatchPlan::BatchPlan(std::vector<Expectation> expected, BatchOptions options)
    : options_(options),
      list_(list_order(expected.size(), options.shuffle, options.seed)),
      batch_of_(expected.size()),
      outcomes_(expected.size()) {
  const bool chunks = options_.grouping == Grouping::chunks;
  cut(chunks ? chunk_sizes(list_.size(), options_) : batch_sizes(list_, expected, options_));
}

void BatchPlan::cut(std::span<const std::size_t> sizes) {
  std::uint32_t begin = 0;
  for (const std::size_t size : sizes) {
    const auto end = static_cast<std::uint32_t>(begin + size);
    for (std::uint32_t i = begin; i < end; ++i) batch_of_[list_[i]] = static_cast<dispatch::Subject>(batches_.size());
    batches_.push_back(Batch{begin, end, false});
    begin = end;
  }
  cut_in_advance_ = batches_.size();
}

std::vector<dispatch::Subject> BatchPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  if (finished()) return subjects;
  for (; subjects.size() < count && !returned_.empty(); returned_.pop_front()) subjects.push_back(returned_.front());
  for (; subjects.size() < count && fresh_ < cut_in_advance_; ++fresh_) {
    subjects.push_back(static_cast<dispatch::Subject>(fresh_));
  }
  for (const dispatch::Subject subject : subjects) batches_[subject].running = true;
  running_.insert(subjects.begin(), subjects.end());
  return subjects;
}

void BatchPlan::record(dispatch::Subject batch, const wire::Outcome& outcome) {
  Batch& it = batches_.at(batch);
  if (!std::exchange(it.running, false)) return;
  running_.erase(batch);
  const bool alone = it.end - it.begin == 1;
  if (options_.grouping == Grouping::chunks || alone || is_infrastructure(outcome)) {
    for (std::uint32_t i = it.begin; i < it.end; ++i) settle(list_[i], outcome);
  } else {
    drop_done(it);
    hand_out_singly(it);
  }
}

void BatchPlan::give_back(dispatch::Subject batch) {
  Batch& it = batches_.at(batch);
  if (!std::exchange(it.running, false)) return;
  running_.erase(batch);
  drop_done(it);
  if (it.begin < it.end) returned_.push_back(batch);
}

void BatchPlan::record_part(dispatch::Subject batch, Workload workload, const wire::Outcome& outcome) {
  if (options_.grouping == Grouping::chunks || !batches_.at(batch).running) return;
  if (batch_of_.at(workload) == batch) settle(workload, outcome);
}

void BatchPlan::settle(Workload workload, const wire::Outcome& outcome) {
  if (outcomes_[workload]) return;
  outcomes_[workload] = outcome;
  ++done_;
  if (!passed(outcome)) ++failures_;
}

void BatchPlan::drop_done(Batch& batch) {
  const auto begin = list_.begin() + batch.begin;
  const auto end = list_.begin() + batch.end;
  const auto left = std::stable_partition(begin, end, [&](Workload one) { return outcomes_[one].has_value(); });
  batch.begin = static_cast<std::uint32_t>(left - list_.begin());
}

void BatchPlan::hand_out_singly(Batch batch) {
  for (std::uint32_t i = batch.begin; i < batch.end; ++i) {
    const auto subject = static_cast<dispatch::Subject>(batches_.size());
    batches_.push_back(Batch{i, i + 1, false});
    batch_of_[list_[i]] = subject;
    returned_.push_back(subject);
  }
}

std::vector<dispatch::Subject> BatchPlan::pointless() const {
  return finished() ? std::vector<dispatch::Subject>(running_.begin(), running_.end())
                    : std::vector<dispatch::Subject>{};
}

bool BatchPlan::stopped_by_failures() const {
  return options_.failures_to_stop > 0 && failures_ >= options_.failures_to_stop;
}

/// A batch that ends early may still give single workloads back; then it is not exhausted any more.
bool BatchPlan::exhausted() const { return fresh_ == cut_in_advance_ && returned_.empty(); }

bool BatchPlan::finished() const { return done_ == outcomes_.size() || stopped_by_failures(); }

std::span<const Workload> BatchPlan::workloads(dispatch::Subject batch) const {
  const Batch& it = batches_.at(batch);
  return std::span(list_).subspan(it.begin, it.end - it.begin);
}

const std::optional<wire::Outcome>& BatchPlan::outcome(Workload workload) const { return outcomes_.at(workload); }

std::size_t BatchPlan::size() const { return outcomes_.size(); }

std::size_t BatchPlan::done() const { return done_; }

std::size_t BatchPlan::failures() const { return failures_; }

}  // namespace nmz::schedule
