// A list of subjects, each to be run once, some of which become pointless on the way: every path of the dispatcher
// without the weight of a real search.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "nmz/dispatch/plan.hpp"

#include "random.hpp"

namespace nmz::simulation {

class BatchListPlanForTests final : public dispatch::Plan {
 public:
  /// `given_up_on`: with each outcome, the probability that one of the running subjects becomes pointless.
  /// `again`: that its subject is run once more.
  BatchListPlanForTests(std::uint32_t subjects, double given_up_on, std::uint64_t seed, double again = 0);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// Whatever its outcome was.
  std::optional<dispatch::Subject> run_again(dispatch::Subject subject) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override { return to_do_.empty(); }
  [[nodiscard]] bool finished() const override { return to_do_.empty() && running_.empty(); }

  [[nodiscard]] const std::map<dispatch::Subject, job::Outcome>& outcomes() const { return outcomes_; }
  /// Those that became pointless; a verdict may have come all the same.
  [[nodiscard]] const std::set<dispatch::Subject>& dropped() const { return dropped_; }

 private:
  double given_up_on_;
  double again_;
  Random random_;
  std::vector<dispatch::Subject> to_do_;  ///< the next one last
  std::set<dispatch::Subject> running_;
  std::set<dispatch::Subject> dropped_;
  std::map<dispatch::Subject, job::Outcome> outcomes_;
};

}  // namespace nmz::simulation
