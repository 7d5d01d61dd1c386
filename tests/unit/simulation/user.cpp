#include "user.hpp"

#include <algorithm>
#include <utility>

namespace nmz::simulation {

using namespace std::chrono_literals;

UserBeside::UserBeside(std::unique_ptr<Workers> workers, const Conditions& conditions, std::uint64_t seed)
    : workers_(std::move(workers)), random_(~seed) {
  for (std::uint32_t wish = 0; wish < conditions.wishes; ++wish) timeline_.at(random_.up_to(20s), Wishes{});
}

void UserBeside::carry_out(const dispatch::Action& action, Time now) {
  if (const auto* assign = std::get_if<dispatch::Assign>(&action)) seen_.push_back(*assign);
  workers_->carry_out(action, now);
}

std::optional<Time> UserBeside::next() const {
  const std::optional<Time> theirs = workers_->next();
  const std::optional<Time> ours = timeline_.next();
  return theirs && ours ? std::min(*theirs, *ours) : (theirs ? theirs : ours);
}

std::vector<dispatch::Event> UserBeside::happen(Time now) {
  std::vector<dispatch::Event> events = workers_->happen(now);
  while (timeline_.next() && *timeline_.next() <= now) {
    timeline_.pop();
    events.insert(random_.chance(0.5) ? events.begin() : events.end(), wish());
  }
  return events;
}

dispatch::Event UserBeside::wish() {
  constexpr std::uint64_t some = 5;
  const std::uint64_t recent = std::min<std::uint64_t>(seen_.size(), 2 * some);
  const bool about_nothing = recent == 0 || random_.chance(0.1);
  const auto one_of_these = [&] { return seen_.at(seen_.size() - 1 - random_.below(recent)); };
  switch (random_.below(5)) {
    case 0:
      return dispatch::CancelJob{about_nothing ? job::JobId{seen_.size() + random_.below(some)} : one_of_these().job};
    case 1:
      return dispatch::SkipSubject{about_nothing ? static_cast<dispatch::Subject>(random_.below(10 * some))
                                                 : one_of_these().subject};
    case 2:
      return dispatch::RunAgain{about_nothing ? static_cast<dispatch::Subject>(random_.below(10 * some))
                                              : one_of_these().subject};
    case 3:
      return dispatch::ChangeWorkers{static_cast<std::int32_t>(random_.between(1, 3))};
    default:
      return dispatch::ChangeWorkers{-static_cast<std::int32_t>(random_.between(1, 4))};
  }
}

}  // namespace nmz::simulation
