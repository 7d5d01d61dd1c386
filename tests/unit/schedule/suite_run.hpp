// A generated suite, run to its end by the real dispatcher and the real plan in a given world.
#pragma once

#include <chrono>
#include <cstdint>

#include "nmz/schedule/batch_plan.hpp"

#include "simulation.hpp"
#include "suite.hpp"

namespace nmz::simulation {

class SuiteRun {
 public:
  SuiteRun(Suite suite, const schedule::BatchOptions& options, const Conditions& conditions, std::uint64_t seed,
           const Witness& witness = {});

  [[nodiscard]] const RunSummary& run() const { return run_; }
  [[nodiscard]] const schedule::BatchPlan& plan() const { return plan_; }
  [[nodiscard]] std::chrono::nanoseconds longest() const { return longest_; }
  [[nodiscard]] bool stopped_by_failures() const;

  /// Throws RuleBroken where a result is not that of the suite.
  void demand_right_results() const;

 private:
  Labour begin(const dispatch::Assign& job);

  Suite suite_;
  schedule::BatchOptions options_;
  schedule::BatchPlan plan_;
  std::chrono::nanoseconds longest_{0};
  RunSummary run_;
};

[[nodiscard]] SuiteShape random_shape(Random& random);
[[nodiscard]] schedule::BatchOptions random_options(Random& random, const Conditions& conditions);

/// In a hostile world, everything drawn from the seed.
[[nodiscard]] SuiteRun run_suite(std::uint64_t seed, const Witness& witness = {});

}  // namespace nmz::simulation
