// The dispatcher, and in half of the worlds the rules of the conversation before it, with a plan that is a mere list.
#include <exception>
#include <set>

#include <gtest/gtest.h>

#include "batch_list_plan.hpp"
#include "hostile_run.hpp"

namespace nmz::simulation {
namespace {

TEST(SimulationTest, ListsSurviveHostileWorlds) {
  Tally total;
  std::size_t interrupted = 0;
  std::size_t without_workers = 0;
  std::size_t refused = 0;
  for (const std::uint64_t seed : seeds(thousands_of_runs(10000))) {
    SCOPED_TRACE(testing::Message() << "NMZ_SIM_SEED=" << seed);
    try {
      const RunSummary run = run_list(seed);
      total.late += run.tally.late;
      total.retried += run.tally.retried;
      total.cancelled += run.tally.cancelled;
      total.restarts += run.tally.restarts;
      total.retired += run.tally.retired;
      total.returned += run.tally.returned;
      total.spare += run.tally.spare;
      total.disturbed += run.tally.disturbed;
      total.withdrawn += run.tally.withdrawn;
      total.skipped += run.tally.skipped;
      total.again += run.tally.again;
      total.started += run.tally.started;
      total.surplus += run.tally.surplus;
      interrupted += run.why == dispatch::Stop::Why::interrupted ? 1 : 0;
      refused += run.refused;
      without_workers += run.why == dispatch::Stop::Why::no_workers ? 1 : 0;
    } catch (const std::exception& broken) {
      ADD_FAILURE() << broken.what();
    }
    if (HasFailure()) return;
  }
  if (seeds(2).size() == 1) return;  // a single seed shows but some of the faults
  EXPECT_GT(total.late, 100U);
  EXPECT_GT(total.retried, 100U);
  EXPECT_GT(total.cancelled, 100U);
  EXPECT_GT(total.restarts, 100U);
  EXPECT_GT(total.retired, 100U);
  EXPECT_GT(total.returned, 100U);
  EXPECT_GT(total.spare, 100U);
  EXPECT_GT(total.disturbed, 100U);
  EXPECT_GT(total.withdrawn, 100U);
  EXPECT_GT(total.again, 100U);
  EXPECT_GT(total.skipped, 100U);
  EXPECT_GT(total.started, 100U);
  EXPECT_GT(total.surplus, 100U);
  EXPECT_GT(interrupted, 10U);
  EXPECT_GT(without_workers, 10U);
  EXPECT_GT(refused, 100U);
}

TEST(SimulationTest, TheSeedTellsEverything) {
  std::set<std::uint64_t> hashes;
  const std::vector<std::uint64_t> some = seeds(thousands_of_runs(500));
  for (const std::uint64_t seed : some) {
    const std::uint64_t hash = run_list(seed).trace_hash;
    EXPECT_EQ(run_list(seed).trace_hash, hash) << "NMZ_SIM_SEED=" << seed;
    hashes.insert(hash);
  }
  EXPECT_GT(hashes.size(), some.size() * 9 / 10) << "different seeds hardly differ";
}

TEST(SimulationTest, InAPerfectWorldNothingIsLostOrRunTwice) {
  const Truth passes = [](dispatch::Subject /*subject*/) {
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    return outcome;
  };
  for (const std::uint64_t seed : seeds(20)) {
    BatchListPlanForTests plan(100, 0, seed);
    const RunSummary run = simulate(plan, passes, perfect_world(8, 0), seed);
    EXPECT_EQ(run.tally.executions, 100U);
    EXPECT_EQ(run.tally.counted, 100U);
    EXPECT_EQ(run.stopped_at, std::chrono::seconds{13}) << "100 tests of one second on 8 workers";
  }
}

}  // namespace
}  // namespace nmz::simulation
