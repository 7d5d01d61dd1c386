// Whole searches with a test that is sometimes wrong, on fleets that lose workers, repeat, delay and drop.
#include <cstdint>
#include <exception>

#include <gtest/gtest.h>

#include "nmz/search/search_plan.hpp"

#include "bisect_world.hpp"
#include "simulation.hpp"

namespace nmz::simulation {
namespace {

using Kind = search::BisectResult::Kind;

struct NoisyRun {
  RunSummary run;
  Kind answer = Kind::unfinished;
  bool right = false;
};

/// One verdict in twelve is wrong, each execution of a commit by itself.
Truth with_noise(const BisectWorld& world, const search::SearchPlan& plan, std::uint64_t seed) {
  return [&plan, truth = world.truth(), seed](dispatch::Subject trial) {
    constexpr std::int64_t skip = 125;
    job::Outcome outcome = truth(plan.commit_of(trial));
    Random random(seed * 1'000'003 + trial);
    if (outcome.code != skip && random.chance(1.0 / 12)) outcome.code = outcome.code == 0 ? 1 : 0;
    return outcome;
  };
}

NoisyRun run_noisy(std::uint64_t seed) {
  const BisectWorld world(seed);
  search::SearchPlanOptions options;
  options.bisect = world.options();
  options.flaky = true;
  options.noisy.max_tests = 400;
  search::SearchPlan plan(world.graph(), world.checks(), options);
  NoisyRun done;
  done.run = simulate(plan, with_noise(world, plan, seed), world.conditions(), seed, {});
  done.answer = plan.result().kind;
  done.right = done.answer == Kind::found && plan.result().suspects.front().node == world.culprit();
  return done;
}

TEST(NoisySimulationTest, FindsTheCulpritAsOftenAsItSays) {
  std::size_t found = 0;
  std::size_t right = 0;
  std::size_t finished = 0;
  for (const std::uint64_t seed : seeds(400)) {
    SCOPED_TRACE(testing::Message() << "NMZ_SIM_SEED=" << seed);
    try {
      const NoisyRun one = run_noisy(seed);
      if (one.run.why == dispatch::Stop::Why::finished) ++finished;
      found += one.answer == Kind::found ? 1U : 0U;
      right += one.right ? 1U : 0U;
    } catch (const std::exception& broken) {
      FAIL() << broken.what();
    }
  }
  if (seeds(2).size() == 1) return;
  EXPECT_GT(2 * found, finished);
  EXPECT_GE(static_cast<double>(right), 0.97 * static_cast<double>(found)) << right << " of " << found;
}

TEST(NoisySimulationTest, TheSeedTellsEverything) {
  for (const std::uint64_t seed : seeds(50)) {
    EXPECT_EQ(run_noisy(seed).run.trace_hash, run_noisy(seed).run.trace_hash) << "NMZ_SIM_SEED=" << seed;
  }
}

}  // namespace
}  // namespace nmz::simulation
