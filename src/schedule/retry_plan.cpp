#include "nmz/schedule/retry_plan.hpp"

#include <algorithm>
#include <utility>

namespace nmz::schedule {

RetryPlan::RetryPlan(std::unique_ptr<WorkloadPlan> plan, std::uint32_t retries)
    : plan_{std::move(plan)}, retries_{retries} {}

std::vector<dispatch::Subject> RetryPlan::next(std::size_t count) {
  if (finished()) return {};
  std::vector<dispatch::Subject> subjects = plan_->next(count);
  for (; subjects.size() < count && !again_.empty(); again_.pop_front()) {
    retried_.at(again_.front()).running = true;
    subjects.push_back(again_.front());
  }
  return subjects;
}

void RetryPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  const auto known = retried_.find(subject);
  const std::uint32_t failures = known == retried_.end() ? 0 : known->second.failures;
  if (job::is_failure(job::classify(outcome)) && failures < retries_) {
    Retried& it = retried_[subject];
    ++it.failures;
    it.running = false;
    again_.push_back(subject);
    return;
  }
  if (known != retried_.end()) known->second = Retried{failures, false, true};
  plan_->record(subject, outcome);
}

void RetryPlan::give_back(dispatch::Subject subject) {
  const auto known = retried_.find(subject);
  if (known == retried_.end()) return plan_->give_back(subject);
  if (std::exchange(known->second.running, false)) again_.push_back(subject);
}

std::optional<dispatch::Subject> RetryPlan::run_again(Workload workload) {
  const std::optional<dispatch::Subject> subject = plan_->run_again(workload);
  if (subject) retried_.erase(*subject);
  return subject;
}

/// To the decorated plan what waits here is running.
std::vector<dispatch::Subject> RetryPlan::pointless() const {
  std::vector<dispatch::Subject> subjects = plan_->pointless();
  std::erase_if(subjects, [this](dispatch::Subject subject) {
    const auto known = retried_.find(subject);
    return known != retried_.end() && !known->second.running && !known->second.recorded;
  });
  return subjects;
}

bool RetryPlan::exhausted() const { return plan_->exhausted() && again_.empty(); }

bool RetryPlan::finished() const { return plan_->finished(); }

std::span<const Workload> RetryPlan::workloads(dispatch::Subject subject) const { return plan_->workloads(subject); }

std::size_t RetryPlan::done() const { return plan_->done(); }

bool RetryPlan::runs_again(dispatch::Subject subject) const {
  const auto known = retried_.find(subject);
  return known != retried_.end() && !known->second.recorded;
}

std::uint32_t RetryPlan::failures_before(dispatch::Subject subject) const {
  const auto known = retried_.find(subject);
  return plan_->failures_before(subject) + (known == retried_.end() ? 0 : known->second.failures);
}

}  // namespace nmz::schedule
