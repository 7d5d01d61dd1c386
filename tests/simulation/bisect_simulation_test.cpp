// Whole searches for a first bad commit, in perfect and in hostile worlds, each compared with a brute-force oracle.
#include <algorithm>
#include <exception>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bisect_world.hpp"
#include "simulation.hpp"

namespace nmz::simulation {
namespace {

using search::BisectResult;
using search::Node;
using Kind = BisectResult::Kind;

std::vector<Node> nodes_of(const std::vector<search::Suspect>& suspects) {
  std::vector<Node> nodes;
  nodes.reserve(suspects.size());
  for (const search::Suspect& suspect : suspects) nodes.push_back(suspect.node);
  return nodes;
}

bool was_killed(const wire::Outcome& outcome) {
  return outcome.kind == wire::OutcomeKind::signaled && outcome.code == 9;
}

/// `finished` runs only: others may have stopped anywhere.
void expect_right_answer(const BisectWorld& world, const search::BisectPlan& plan) {
  const BisectResult& result = plan.result();
  const std::vector<Node> same = world.indistinguishable(plan);
  switch (result.kind) {
    case Kind::found:
      EXPECT_THAT(nodes_of(result.suspects), testing::ElementsAre(world.culprit()));
      EXPECT_THAT(same, testing::ElementsAre(world.culprit())) << "found, though other commits are as likely";
      break;
    case Kind::only_skipped:
    case Kind::nothing_testable:
      EXPECT_THAT(nodes_of(result.suspects), testing::Contains(world.culprit()));
      EXPECT_THAT(nodes_of(result.suspects), testing::IsSupersetOf(same));
      for (const Node node : nodes_of(result.suspects)) {
        const bool doubted_end = world.graph().role(node) != search::Role::candidate;
        EXPECT_TRUE(doubted_end || std::ranges::find(same, node) != same.end())
            << "commit " << node << " could have been told from the culprit " << world.culprit();
      }
      break;
    case Kind::aborted:
      EXPECT_TRUE(was_killed(result.outcome)) << "aborted for no reason";
      break;
    default:
      ADD_FAILURE() << "unexpected result kind " << static_cast<int>(result.kind) << ", culprit " << world.culprit();
  }
}

TEST(BisectSimulationTest, FindsTheCulpritInEveryWorld) {
  std::map<Kind, std::size_t> answers;
  for (const std::uint64_t seed : seeds(thousands_of_runs(5000))) {
    SCOPED_TRACE(testing::Message() << "NMZ_SIM_SEED=" << seed);
    try {
      const BisectWorld world(seed);
      search::BisectPlan plan(world.graph(), world.checks(), world.options());
      const RunSummary run = simulate(plan, world.truth(), world.conditions(), seed);
      if (run.why == dispatch::Stop::Why::finished) {
        expect_right_answer(world, plan);
        ++answers[plan.result().kind];
      } else {
        EXPECT_EQ(plan.result().kind, Kind::unfinished);
      }
    } catch (const std::exception& broken) {
      ADD_FAILURE() << broken.what();
    }
    if (HasFailure()) return;
  }
  if (seeds(2).size() == 1) return;
  EXPECT_GT(answers[Kind::found], 100U);
  EXPECT_GT(answers[Kind::only_skipped], 10U);
}

TEST(BisectSimulationTest, TheSeedTellsEverything) {
  for (const std::uint64_t seed : seeds(thousands_of_runs(300))) {
    std::vector<std::uint64_t> hashes;
    for (int again = 0; again < 2; ++again) {
      const BisectWorld world(seed);
      search::BisectPlan plan(world.graph(), world.checks(), world.options());
      hashes.push_back(simulate(plan, world.truth(), world.conditions(), seed).trace_hash);
    }
    EXPECT_EQ(hashes[0], hashes[1]) << "NMZ_SIM_SEED=" << seed;
  }
}

}  // namespace
}  // namespace nmz::simulation
