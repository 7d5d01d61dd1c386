// Whole searches for a first bad commit, in perfect and in hostile worlds, each compared with a brute-force oracle.
#include <exception>
#include <map>

#include <gtest/gtest.h>

#include "hostile_run.hpp"

namespace nmz::simulation {
namespace {

using Kind = search::BisectResult::Kind;

TEST(BisectSimulationTest, FindsTheCulpritInEveryWorld) {
  std::map<Kind, std::size_t> answers;
  std::size_t disturbed = 0;
  std::size_t repeated = 0;
  const auto all = seeds(thousands_of_runs(5000));
  for (const std::uint64_t seed : all) {
    SCOPED_TRACE(testing::Message() << "NMZ_SIM_SEED=" << seed);
    try {
      const BisectRun one = run_bisect(seed);
      if (one.run.why == dispatch::Stop::Why::finished) ++answers[one.answer];
      disturbed += one.run.tally.disturbed;
      repeated += one.stage == search::ConfirmedPlan::Stage::repeating ? 1 : 0;
    } catch (const std::exception& broken) {
      ADD_FAILURE() << broken.what();
    }
    if (HasFailure()) return;
  }
  if (seeds(2).size() == 1) return;
  EXPECT_GT(answers[Kind::found], 100U);
  EXPECT_GT(answers[Kind::only_skipped], 10U);
  EXPECT_GT(50 * disturbed, all.size()) << "by ports that collide";
  EXPECT_GT(500 * repeated, all.size()) << "since a collision that nobody noticed had spoilt the answer";
}

TEST(BisectSimulationTest, TheSeedTellsEverything) {
  for (const std::uint64_t seed : seeds(thousands_of_runs(300))) {
    EXPECT_EQ(run_bisect(seed).run.trace_hash, run_bisect(seed).run.trace_hash) << "NMZ_SIM_SEED=" << seed;
  }
}

}  // namespace
}  // namespace nmz::simulation
