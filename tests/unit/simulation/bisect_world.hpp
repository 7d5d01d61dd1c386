// A random history with a known first bad commit, and what a search in it must answer.
//
// The oracle is as plain as it can be: a table of who descends from whom, and every hypothesis compared with every
// commit. It shares nothing with the search but the definition: bad are the culprit and its descendants.
#pragma once

#include <cstdint>
#include <vector>

#include "nmz/search/confirmed_plan.hpp"

#include "random.hpp"
#include "workers.hpp"

namespace nmz::simulation {

class BisectWorld {
 public:
  explicit BisectWorld(std::uint64_t seed);

  [[nodiscard]] const search::CommitGraph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<search::Check>& checks() const { return checks_; }
  [[nodiscard]] const search::BisectOptions& options() const { return options_; }
  [[nodiscard]] const Conditions& conditions() const { return conditions_; }
  [[nodiscard]] search::Node culprit() const { return culprit_; }
  [[nodiscard]] Truth truth() const;

  /// The candidates that no testable commit tells apart from the culprit; sorted. Untestable are those that the plan
  /// has taken for skipped, whether by their own fault or by that of the workers.
  [[nodiscard]] std::vector<search::Node> indistinguishable(const search::ConfirmedPlan& plan) const;

 private:
  void grow(std::size_t size, std::size_t window, double merges);
  void choose_culprit();
  void choose_options();

  Random random_;
  Conditions conditions_;
  search::CommitGraph graph_;
  std::vector<search::Check> checks_;
  search::BisectOptions options_;
  std::vector<std::vector<bool>> descends_;  ///< [node][ancestor], a node descends from itself
  std::vector<bool> skipped_;
  search::Node culprit_ = 0;
};

}  // namespace nmz::simulation
