#include "nmz/schedule/constrained_plan.hpp"

#include <algorithm>
#include <utility>

namespace nmz::schedule {
namespace {

/// Looking at all that is held is what a hand-out costs.
constexpr std::size_t most_held = 4096;

}  // namespace

ConstrainedPlan::ConstrainedPlan(std::unique_ptr<WorkloadPlan> plan, Constraints constraints)
    : plan_{std::move(plan)}, constraints_{std::move(constraints)}, free_{constraints_.slots} {}

bool ConstrainedPlan::exclusive(dispatch::Subject subject) const {
  return std::ranges::any_of(workloads(subject), [this](Workload one) { return constraints_.exclusive.at(one); });
}

std::set<std::uint32_t> ConstrainedPlan::needs(dispatch::Subject subject) const {
  std::set<std::uint32_t> all;
  for (const Workload one : workloads(subject)) {
    all.insert(constraints_.needs.at(one).begin(), constraints_.needs.at(one).end());
  }
  return all;
}

bool ConstrainedPlan::may_start(dispatch::Subject subject) const {
  if (running_.empty()) return true;
  if (alone_ || exclusive(subject)) return false;
  return std::ranges::all_of(needs(subject), [this](std::uint32_t resource) { return free_.at(resource) > 0; });
}

void ConstrainedPlan::start(dispatch::Subject subject) {
  running_.insert(subject);
  alone_ = exclusive(subject);
  for (const std::uint32_t resource : needs(subject)) --free_.at(resource);
  ++starts_;
}

void ConstrainedPlan::release(dispatch::Subject subject) {
  if (running_.erase(subject) == 0) return;
  alone_ = false;
  for (const std::uint32_t resource : needs(subject)) ++free_.at(resource);
}

void ConstrainedPlan::return_held() {
  for (const Held& one : std::exchange(held_, {})) plan_->give_back(one.subject);
}

/// False where one has been passed over often enough.
bool ConstrainedPlan::start_held(std::size_t count, std::vector<dispatch::Subject>& started) {
  for (auto one = held_.begin(); one != held_.end() && started.size() < count;) {
    if (may_start(one->subject)) {
      start(one->subject);
      started.push_back(one->subject);
      one = held_.erase(one);
    } else if (starts_ >= one->since + constraints_.exclusive.size()) {
      return false;
    } else {
      ++one;
    }
  }
  return true;
}

std::vector<dispatch::Subject> ConstrainedPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> started;
  if (plan_->starts_nothing()) return_held();
  if (!start_held(count, started)) return started;
  while (started.size() < count && held_.size() < most_held) {
    const auto more = plan_->next(1);
    if (more.empty()) break;
    if (may_start(more.front())) {
      start(more.front());
      started.push_back(more.front());
    } else {
      held_.push_back({more.front(), starts_});
    }
  }
  return started;
}

void ConstrainedPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  release(subject);
  plan_->record(subject, outcome);
  if (plan_->starts_nothing()) return_held();
}

void ConstrainedPlan::give_back(dispatch::Subject subject) {
  if (running_.contains(subject) && starts_ > 0) --starts_;
  release(subject);
  plan_->give_back(subject);
}

/// To the decorated plan what is held here is running.
std::vector<dispatch::Subject> ConstrainedPlan::pointless() const {
  std::vector<dispatch::Subject> subjects = plan_->pointless();
  std::erase_if(subjects, [this](dispatch::Subject subject) { return !running_.contains(subject); });
  return subjects;
}

bool ConstrainedPlan::exhausted() const { return plan_->exhausted() && (held_.empty() || plan_->starts_nothing()); }

}  // namespace nmz::schedule
