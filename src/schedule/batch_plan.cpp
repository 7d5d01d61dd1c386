// The list is put in order and cut once, in the constructor; from then on a subject is a range of it.
#include "nmz/schedule/batch_plan.hpp"

#include <algorithm>
#include <utility>

#include "list_order.hpp"

namespace nmz::schedule {
namespace {

std::size_t chunk_count(std::size_t size, const BatchOptions& options) {
  return std::min(options.chunks > 0 ? options.chunks : std::max<std::size_t>(options.workers, 1), size);
}

}  // namespace

BatchPlan::BatchPlan(std::vector<Expectation> expected, BatchOptions options)
    : options_(options), list_(list_order(expected.size(), options.shuffle, options.seed)), outcomes_(expected.size()) {
  const std::size_t size = list_.size();
  const bool chunks = options_.grouping == Grouping::chunks;
  if (!chunks) sort_longest_first(list_, fill_in(expected, options.unknown_as));
  const std::size_t count = chunks ? chunk_count(size, options_) : size;
  executions_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const ChunkBounds bounds = chunk_bounds(size, count, i);
    executions_.push_back({static_cast<std::uint32_t>(bounds.begin), static_cast<std::uint32_t>(bounds.end), false, 0});
  }
}

std::vector<dispatch::Subject> BatchPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  if (finished()) return subjects;
  for (; subjects.size() < count && !returned_.empty(); returned_.pop_front()) subjects.push_back(returned_.front());
  for (; subjects.size() < count && fresh_ < executions_.size(); ++fresh_) {
    subjects.push_back(static_cast<dispatch::Subject>(fresh_));
  }
  for (const dispatch::Subject subject : subjects) executions_[subject].running = true;
  running_.insert(subjects.begin(), subjects.end());
  return subjects;
}

void BatchPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  if (!std::exchange(executions_.at(subject).running, false)) return;
  running_.erase(subject);
  for (const Workload workload : workloads(subject)) settle(workload, outcome);
}

void BatchPlan::give_back(dispatch::Subject subject) {
  if (!std::exchange(executions_.at(subject).running, false)) return;
  running_.erase(subject);
  returned_.push_back(subject);
}

std::optional<dispatch::Subject> BatchPlan::run_again(Workload workload) {
  if (finished() || workload >= outcomes_.size() || !outcomes_[workload] || job::passed(*outcomes_[workload]))
    return {};
  const auto place = static_cast<std::uint32_t>(std::ranges::find(list_, workload) - list_.begin());
  const auto found = std::ranges::find_if(executions_, [place](const Execution& one) { return place < one.end; });
  const auto subject = static_cast<dispatch::Subject>(found - executions_.begin());
  bool failed = false;
  for (const Workload one : workloads(subject)) failed = take_back(one) || failed;
  found->failures += failed ? 1U : 0U;
  returned_.push_back(subject);
  return subject;
}

/// Whether it had failed.
bool BatchPlan::take_back(Workload workload) {
  const job::Outcome outcome = *std::exchange(outcomes_[workload], std::nullopt);
  --done_;
  const bool failed = !job::passed(outcome) && !job::withdrawn(outcome);
  if (failed) --failures_;
  return failed;
}

void BatchPlan::settle(Workload workload, const job::Outcome& outcome) {
  outcomes_[workload] = outcome;
  ++done_;
  if (!job::passed(outcome) && !job::withdrawn(outcome)) ++failures_;
}

std::vector<dispatch::Subject> BatchPlan::pointless() const {
  return finished() ? std::vector<dispatch::Subject>(running_.begin(), running_.end())
                    : std::vector<dispatch::Subject>{};
}

bool BatchPlan::stopped_by_failures() const {
  return options_.failures_to_stop > 0 && failures_ >= options_.failures_to_stop;
}

bool BatchPlan::exhausted() const { return fresh_ == executions_.size() && returned_.empty(); }

bool BatchPlan::finished() const { return done_ == outcomes_.size() || stopped_by_failures(); }

std::span<const Workload> BatchPlan::workloads(dispatch::Subject subject) const {
  const Execution& it = executions_.at(subject);
  return std::span(list_).subspan(it.begin, it.end - it.begin);
}

const std::optional<job::Outcome>& BatchPlan::outcome(Workload workload) const { return outcomes_.at(workload); }

std::size_t BatchPlan::size() const { return outcomes_.size(); }

std::size_t BatchPlan::done() const { return done_; }

std::size_t BatchPlan::failures() const { return failures_; }

}  // namespace nmz::schedule
