#include "nmz/report/suite_tally.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace nmz::report {
namespace {

using events::Mark;

events::Failure failure_of(const events::JobEnded& event) {
  events::Failure failure;
  failure.name = event.item;
  failure.detail = event.detail;
  failure.took = event.took;
  failure.log = event.log;
  return failure;
}

}  // namespace

void SuiteTally::show(const events::Event& event, events::Seconds now) {
  if (const auto* const listed = std::get_if<events::WorkloadsListed>(&event)) {
    workloads_ = listed->workloads;
    hunt_ = listed->repeated;
  }
  if (const auto* const again = std::get_if<events::RunsAgain>(&event)) take_back(*again);
  const auto* const assigned = std::get_if<events::JobAssigned>(&event);
  if (assigned != nullptr && first_start_.count() < 0) first_start_ = now;
  const auto* const done = std::get_if<events::JobEnded>(&event);
  if (done == nullptr || done->workload.empty()) return;
  const bool failed_for_now = done->mark == Mark::retried && job::is_failure(done->outcome);
  if (is_result(done->mark) || failed_for_now) last_end_ = now;
  ended(*done);
}

void SuiteTally::ended(const events::JobEnded& event) {
  if (is_result(event.mark) && event.mark != Mark::lost) durations_.push_back(event.took);
  if (hunt_) {
    Hunted& hunted = hunted_[event.workload];
    hunted.lost = hunted.lost || event.mark == Mark::lost;
    hunted.skipped = hunted.skipped || event.mark == Mark::skipped;
    if (!is_result(event.mark) || event.mark == Mark::lost || event.mark == Mark::skipped) return;
    ++hunted.runs;
    hunted.failures += event.mark == Mark::passed ? 0U : 1U;
  } else if (is_result(event.mark)) {
    settle(event);
  } else if (event.mark == Mark::cancelled) {
    cancelled_[event.workload] = event.workloads;
  } else if (event.mark == Mark::retried && job::is_failure(event.outcome)) {
    Waiting& waiting = waiting_[event.workload];
    waiting.outcome = event.outcome;
    waiting.workloads = event.workloads;
    waiting.failure = failure_of(event);
  }
}

void SuiteTally::settle(const events::JobEnded& event) {
  const auto waiting = waiting_.extract(event.workload);
  settled_.insert(event.workload);
  switch (event.mark) {
    case Mark::passed:
      counts_.passed += event.workloads;
      return;
    case Mark::skipped:
      counts_.skipped += event.workloads;
      return;
    case Mark::flaky:
      counts_.flaky += event.workloads;
      if (!waiting.empty()) flaky_.push_back(waiting.mapped().failure);
      return;
    case Mark::timed_out:
      counts_.timed_out += event.workloads;
      break;
    case Mark::lost:
      counts_.lost += event.workloads;
      break;
    default:
      counts_.failed += event.workloads;
      break;
  }
  failures_.push_back(failure_of(event));
}

/// From then on it is as if its failure had been one that does not count.
void SuiteTally::take_back(const events::RunsAgain& event) {
  if (hunt_ || !settled_.contains(event.workload)) return;
  std::size_t* count = nullptr;
  switch (event.mark) {
    case Mark::failed:
      count = &counts_.failed;
      break;
    case Mark::timed_out:
      count = &counts_.timed_out;
      break;
    case Mark::lost:
      count = &counts_.lost;
      break;
    case Mark::skipped:
      count = &counts_.skipped;
      break;
    default:
      return;
  }
  settled_.erase(event.workload);
  *count -= std::min(*count, event.workloads);
  const auto failure = std::ranges::find(failures_, event.item, &events::Failure::name);
  if (failure == failures_.end()) return;
  if (event.mark != Mark::lost) {
    Waiting& waiting = waiting_[event.workload];
    waiting.outcome = event.mark == Mark::timed_out ? job::Class::timed_out : job::Class::failed;
    waiting.workloads = event.workloads;
    waiting.failure = *failure;
  }
  failures_.erase(failure);
}

events::SuiteCounts SuiteTally::counts() const {
  if (hunt_) return counts_of_hunt();
  events::SuiteCounts counts = counts_;
  for (const auto& [workload, waiting] : waiting_) {
    (waiting.outcome == job::Class::timed_out ? counts.timed_out : counts.failed) += waiting.workloads;
  }
  for (const auto& [workload, workloads] : cancelled_) {
    if (!settled_.contains(workload) && !waiting_.contains(workload)) counts.cancelled += workloads;
  }
  counts.not_run = workloads_ - std::min(workloads_, counts.all());
  return counts;
}

events::SuiteCounts SuiteTally::counts_of_hunt() const {
  events::SuiteCounts counts;
  for (const auto& [workload, hunted] : hunted_) {
    if (hunted.runs == 0) {
      counts.skipped += hunted.skipped ? 1U : 0U;
      counts.lost += hunted.lost && !hunted.skipped ? 1U : 0U;
    } else if (hunted.failures == 0) {
      ++counts.passed;
    } else {
      ++(hunted.failures == hunted.runs ? counts.failed : counts.flaky);
    }
  }
  counts.not_run = workloads_ - std::min(workloads_, counts.all());
  return counts;
}

std::vector<events::Failure> SuiteTally::failures() const {
  std::vector<events::Failure> failures = failures_;
  for (const auto& [workload, waiting] : waiting_) failures.push_back(waiting.failure);
  return failures;
}

events::Seconds SuiteTally::makespan() const {
  return first_start_.count() < 0 || last_end_ < first_start_ ? events::Seconds{0} : last_end_ - first_start_;
}

}  // namespace nmz::report
