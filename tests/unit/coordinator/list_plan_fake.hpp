// A plan that is a list. Fake: it knows nothing of what outcomes mean.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "nmz/dispatch/plan.hpp"

namespace nmz::coordinator {

/// Subjects 0..n-1, each run until it has an outcome.
class ListPlanFake final : public dispatch::Plan {
 public:
  explicit ListPlanFake(std::size_t count) {
    for (std::size_t i = count; i-- > 0;) waiting.push_back(static_cast<dispatch::Subject>(i));
  }
  std::vector<dispatch::Subject> next(std::size_t count) override {
    std::vector<dispatch::Subject> some;
    while (some.size() < count && !waiting.empty()) {
      some.push_back(waiting.back());
      running.push_back(waiting.back());
      waiting.pop_back();
    }
    return some;
  }
  void record(dispatch::Subject subject, const job::Outcome& outcome) override {
    std::erase(running, subject);
    outcomes[subject] = outcome;
    if (stop_after > 0 && outcomes.size() >= stop_after) over = true;
  }
  void give_back(dispatch::Subject subject) override {
    std::erase(running, subject);
    waiting.push_back(subject);
  }
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override {
    return over ? running : std::vector<dispatch::Subject>{};
  }
  [[nodiscard]] bool finished() const override { return over || (waiting.empty() && running.empty()); }

  std::vector<dispatch::Subject> waiting;
  std::vector<dispatch::Subject> running;
  std::map<dispatch::Subject, job::Outcome> outcomes;
  std::size_t stop_after = 0;
  bool over = false;
};

}  // namespace nmz::coordinator
