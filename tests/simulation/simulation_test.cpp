// The dispatcher in thousands of hostile worlds, with a plan that is a mere list.
#include "simulation.hpp"

#include <exception>
#include <set>

#include <gtest/gtest.h>

#include "batch_list_plan.hpp"

namespace nmz::simulation {
namespace {

constexpr double share_of_failures = 0.3;

/// Some subjects fail, whoever runs them.
Truth truth_for_tests(std::uint64_t seed) {
  return [seed](dispatch::Subject subject) {
    Random random(seed * 1'000'003 + subject);
    wire::Outcome outcome;
    outcome.kind = wire::OutcomeKind::exited;
    outcome.code = random.chance(share_of_failures) ? 1 : 0;
    return outcome;
  };
}

bool is_verdict(const wire::Outcome& outcome) {
  return outcome.kind == wire::OutcomeKind::exited && !outcome.disk_full;
}

/// One run of a list in a hostile world.
class BatchRun {
 public:
  explicit BatchRun(std::uint64_t seed)
      : random_(seed),
        conditions_(hostile_world(random_)),
        subjects_(static_cast<std::uint32_t>(random_.below(60))),
        plan_(subjects_, random_.chance(0.5) ? 0.2 : 0, seed),
        truth_(truth_for_tests(seed)),
        run_(simulate(plan_, truth_, conditions_, seed)) {}

  [[nodiscard]] const RunSummary& run() const { return run_; }

  void expect_right_results() const {
    for (const auto& [subject, outcome] : plan_.outcomes()) {
      EXPECT_TRUE(!is_verdict(outcome) || outcome == truth_(subject)) << "subject " << subject;
    }
    if (run_.why != dispatch::Stop::Why::finished) return;
    for (dispatch::Subject subject = 0; subject < subjects_; ++subject) {
      EXPECT_TRUE(plan_.outcomes().contains(subject) || plan_.dropped().contains(subject)) << "subject " << subject;
    }
  }

 private:
  Random random_;
  Conditions conditions_;
  std::uint32_t subjects_;
  BatchListPlanForTests plan_;
  Truth truth_;
  RunSummary run_;
};

TEST(SimulationTest, ListsSurviveHostileWorlds) {
  Tally total;
  std::size_t interrupted = 0;
  std::size_t without_workers = 0;
  for (const std::uint64_t seed : seeds(thousands_of_runs(10000))) {
    SCOPED_TRACE(testing::Message() << "NMZ_SIM_SEED=" << seed);
    try {
      const BatchRun one(seed);
      one.expect_right_results();
      const RunSummary& run = one.run();
      total.late += run.tally.late;
      total.retried += run.tally.retried;
      total.cancelled += run.tally.cancelled;
      total.restarts += run.tally.restarts;
      total.retired += run.tally.retired;
      total.returned += run.tally.returned;
      total.spare += run.tally.spare;
      interrupted += run.why == dispatch::Stop::Why::interrupted ? 1 : 0;
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
  EXPECT_GT(interrupted, 10U);
  EXPECT_GT(without_workers, 10U);
}

TEST(SimulationTest, TheSeedTellsEverything) {
  std::set<std::uint64_t> hashes;
  const std::vector<std::uint64_t> some = seeds(thousands_of_runs(500));
  for (const std::uint64_t seed : some) {
    const std::uint64_t hash = BatchRun(seed).run().trace_hash;
    EXPECT_EQ(BatchRun(seed).run().trace_hash, hash) << "NMZ_SIM_SEED=" << seed;
    hashes.insert(hash);
  }
  EXPECT_GT(hashes.size(), some.size() * 9 / 10) << "different seeds hardly differ";
}

TEST(SimulationTest, InAPerfectWorldNothingIsLostOrRunTwice) {
  for (const std::uint64_t seed : seeds(20)) {
    BatchListPlanForTests plan(100, 0, seed);
    const RunSummary run = simulate(plan, truth_for_tests(seed), perfect_world(8, 0), seed);
    EXPECT_EQ(run.tally.executions, 100U);
    EXPECT_EQ(run.tally.counted, 100U);
    EXPECT_EQ(run.stopped_at, std::chrono::seconds{13}) << "100 tests of one second on 8 workers";
  }
}

}  // namespace
}  // namespace nmz::simulation
