#include "plan_player.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace nmz::search {

job::Outcome exited(std::int32_t code) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = code;
  return outcome;
}

Played play(BisectPlan& plan, std::size_t workers, Random& random, const Answer& answer) {
  Played played;
  std::vector<dispatch::Subject> running;
  std::size_t losses = 0;
  for (std::size_t step = 0; step < 10'000; ++step) {
    for (const dispatch::Subject subject : plan.pointless()) {
      plan.give_back(subject);
      std::erase(running, subject);
    }
    if (plan.finished()) {
      played.ended = true;
      return played;
    }
    const std::vector<dispatch::Subject> handed_out = plan.next(workers - running.size());
    EXPECT_LE(handed_out.size(), workers - running.size());
    for (const dispatch::Subject subject : handed_out) {
      EXPECT_EQ(std::ranges::count(running, subject), 0) << subject << " runs twice";
      EXPECT_EQ(std::ranges::count(played.answered, subject), 0) << subject << " has answered already";
      running.push_back(subject);
      played.started.push_back(subject);
    }
    if (running.empty()) {
      ADD_FAILURE() << "unfinished, but nothing to run";
      return played;
    }
    const auto place = static_cast<std::ptrdiff_t>(below(random, running.size()));
    const dispatch::Subject subject = running[static_cast<std::size_t>(place)];
    running.erase(running.begin() + place);
    if (losses < 5 && one_in(random, 10)) {
      plan.give_back(subject);
      ++losses;
    } else {
      plan.record(subject, answer(subject));
      played.answered.push_back(subject);
    }
  }
  ADD_FAILURE() << "does not end";
  return played;
}

Played play_serially(BisectPlan& plan, const Answer& answer) {
  Played played;
  while (!plan.finished()) {
    const std::vector<dispatch::Subject> subjects = plan.next(1);
    if (subjects.empty() || played.answered.size() > 10'000) {
      ADD_FAILURE() << "unfinished, but nothing to run";
      return played;
    }
    plan.record(subjects.front(), answer(subjects.front()));
    played.started.push_back(subjects.front());
    played.answered.push_back(subjects.front());
  }
  played.ended = true;
  return played;
}

}  // namespace nmz::search
