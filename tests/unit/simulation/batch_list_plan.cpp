#include "batch_list_plan.hpp"

#include <algorithm>
#include <iterator>

namespace nmz::simulation {

BatchListPlanForTests::BatchListPlanForTests(std::uint32_t subjects, double given_up_on, std::uint64_t seed,
                                             double again)
    : given_up_on_(given_up_on), again_(again), random_(seed) {
  for (std::uint32_t subject = subjects; subject > 0; --subject) to_do_.push_back(subject - 1);
}

std::vector<dispatch::Subject> BatchListPlanForTests::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  for (; subjects.size() < count && !to_do_.empty(); to_do_.pop_back()) {
    subjects.push_back(to_do_.back());
    running_.insert(to_do_.back());
  }
  return subjects;
}

void BatchListPlanForTests::record(dispatch::Subject subject, const job::Outcome& outcome) {
  running_.erase(subject);
  outcomes_[subject] = outcome;
  if (again_ > 0 && !dropped_.contains(subject) && random_.chance(again_)) to_do_.push_back(subject);
  if (running_.empty() || !random_.chance(given_up_on_)) return;
  dropped_.insert(*std::next(running_.begin(), static_cast<std::ptrdiff_t>(random_.below(running_.size()))));
}

void BatchListPlanForTests::give_back(dispatch::Subject subject) {
  running_.erase(subject);
  if (!dropped_.contains(subject)) to_do_.push_back(subject);
}

std::optional<dispatch::Subject> BatchListPlanForTests::run_again(dispatch::Subject subject) {
  const bool waits = std::ranges::find(to_do_, subject) != to_do_.end();
  const bool over = outcomes_.contains(subject) && !waits && !running_.contains(subject);
  if (finished() || !over || dropped_.contains(subject)) return std::nullopt;
  to_do_.push_back(subject);
  return subject;
}

std::vector<dispatch::Subject> BatchListPlanForTests::pointless() const {
  std::vector<dispatch::Subject> subjects;
  std::ranges::set_intersection(running_, dropped_, std::back_inserter(subjects));
  return subjects;
}

}  // namespace nmz::simulation
