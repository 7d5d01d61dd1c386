#include "nmz/schedule/listed_plan.hpp"

#include <utility>

namespace nmz::schedule {

ListedPlan::ListedPlan(MakePlan make) : make_{std::move(make)} {}
ListedPlan::ListedPlan(std::unique_ptr<WorkloadPlan> batches) : listed_{true}, batches_{std::move(batches)} {}

std::vector<dispatch::Subject> ListedPlan::next(std::size_t count) {
  if (batches_) return batches_->next(count);
  if (count == 0 || listed_ || std::exchange(running_, true)) return {};
  return {listing};
}

void ListedPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  if (subject != listing) return batches_->record(subject, meaning_ ? meaning_(subject, outcome) : outcome);
  running_ = false;
  if (std::exchange(listed_, true)) return;
  batches_ = make_(outcome);
}

void ListedPlan::give_back(dispatch::Subject subject) {
  if (subject != listing) return batches_->give_back(subject);
  running_ = false;
}

std::vector<dispatch::Subject> ListedPlan::pointless() const {
  return batches_ ? batches_->pointless() : std::vector<dispatch::Subject>{};
}

bool ListedPlan::exhausted() const { return batches_ ? batches_->exhausted() : listed_; }

bool ListedPlan::finished() const { return batches_ ? batches_->finished() : listed_; }

}  // namespace nmz::schedule
