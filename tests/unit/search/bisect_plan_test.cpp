// The order in which a plan hands things out, and how it ends.
#include "nmz/search/bisect_plan.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan_player.hpp"

namespace nmz::search {
namespace {

using dispatch::Subject;
using Kind = BisectResult::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Check merge_base{Check::Kind::merge_base};
constexpr Check sibling_good{Check::Kind::sibling_good};

BisectOptions trusting(std::size_t workers = 1) {
  BisectOptions options;
  options.search.trust_ends = true;
  options.workers = workers;
  return options;
}

BisectOptions in_rounds(std::size_t workers) {
  BisectOptions options = trusting(workers);
  options.strategy = Strategy::rounds;
  return options;
}

Answer broken_from(Node culprit, const CommitGraph& graph) {
  return [culprit, &graph](Subject subject) { return exited(subject >= culprit && subject < graph.size() ? 1 : 0); };
}

TEST(BisectPlanTest, MergeBasesComeFirstAndTheRestBesideThem) {
  const CommitGraph graph = line(16, true);
  BisectPlan plan{graph, {sibling_good, merge_base}, BisectOptions{}};
  const std::vector<Subject> first = plan.next(3);
  ASSERT_THAT(first, SizeIs(3));
  EXPECT_EQ(first[0], graph.size() + 1);
  EXPECT_THAT(first, Not(Contains(graph.size())));
}

TEST(BisectPlanTest, ABadMergeBaseEndsTheSearch) {
  const CommitGraph graph = line(16, true);
  BisectPlan plan{graph, {merge_base}, trusting()};
  const std::vector<Subject> first = plan.next(2);
  plan.record(first[0], exited(1));
  EXPECT_EQ(plan.result().kind, Kind::merge_base_is_bad);
  EXPECT_EQ(plan.result().subject, graph.size());
  EXPECT_THAT(plan.pointless(), ElementsAre(first[1]));
  EXPECT_THAT(plan.next(2), IsEmpty());
}

TEST(BisectPlanTest, NothingIsFoundBeforeTheMergeBaseHasAnswered) {
  const CommitGraph graph = line(2);
  BisectPlan plan{graph, {merge_base}, trusting()};
  ASSERT_THAT(plan.next(2), ElementsAre(2, 0));
  plan.record(0, exited(1));
  EXPECT_FALSE(plan.finished());
  EXPECT_THAT(plan.next(5), IsEmpty());
  plan.record(2, exited(125));
  EXPECT_EQ(plan.result().kind, Kind::found) << "an untestable merge base is trusted";
}

TEST(BisectPlanTest, ASiblingGoodWaitsForAFreeWorkerAndCanRefute) {
  const CommitGraph graph = line(4, true);
  BisectPlan plan{graph, {sibling_good}, BisectOptions{}};
  const Played played = play_serially(plan, [&](Subject subject) { return exited(subject >= 3 ? 1 : 0); });
  EXPECT_EQ(played.started.back(), graph.size());
  EXPECT_EQ(plan.result().kind, Kind::good_end_is_bad);
  EXPECT_EQ(plan.result().subject, graph.size());
}

TEST(BisectPlanTest, TrustLeavesSiblingGoodsOutButNotMergeBases) {
  const CommitGraph graph = line(4, true);
  BisectPlan plan{graph, {merge_base, sibling_good}, trusting()};
  const Played played = play_serially(plan, broken_from(3, graph));
  EXPECT_EQ(plan.result().kind, Kind::found);
  EXPECT_THAT(played.started, Contains(graph.size()));
  EXPECT_THAT(played.started, Not(Contains(graph.size() + 1)));
}

TEST(BisectPlanTest, VerdictsMakeRunningProbesPointless) {
  const CommitGraph graph = line(100, true);
  BisectPlan plan{graph, {}, trusting()};
  std::vector<Subject> running = plan.next(3);
  std::ranges::sort(running);
  EXPECT_THAT(plan.pointless(), IsEmpty());
  plan.record(running[0], exited(1));
  EXPECT_THAT(plan.pointless(), testing::UnorderedElementsAre(running[1], running[2]));
  for (const Subject subject : plan.pointless()) plan.give_back(subject);
  EXPECT_THAT(plan.pointless(), IsEmpty());
  for (const Subject subject : plan.next(3)) EXPECT_LT(subject, running[0]);
}

TEST(BisectPlanTest, WhatIsGivenBackIsHandedOutAgain) {
  const CommitGraph graph = line(2);
  BisectPlan plan{graph, {}, trusting()};
  ASSERT_THAT(plan.next(1), ElementsAre(0));
  EXPECT_THAT(plan.next(1), IsEmpty());
  plan.give_back(0);
  EXPECT_THAT(plan.next(1), ElementsAre(0));
}

TEST(BisectPlanTest, ARoundHasASizeAndWaitsForAllOfIt) {
  const CommitGraph graph = line(100);
  BisectPlan plan{graph, {}, in_rounds(3)};
  // Workers become ready one by one; the round was chosen for three.
  const Subject first = plan.next(1).at(0);
  const std::vector<Subject> others = plan.next(5);
  ASSERT_THAT(others, SizeIs(2));
  std::vector<Subject> round{first, others[0], others[1]};
  std::ranges::sort(round);
  EXPECT_THAT(round, ElementsAre(24, 49, 74));

  plan.record(24, exited(1));
  EXPECT_THAT(plan.pointless(), IsEmpty());
  EXPECT_THAT(plan.next(3), IsEmpty());
  plan.record(49, exited(1));
  plan.give_back(74);
  EXPECT_THAT(plan.next(3), ElementsAre(74)) << "a lost run belongs to its round";
  plan.record(74, exited(1));
  std::vector<Subject> second = plan.next(3);
  std::ranges::sort(second);
  ASSERT_THAT(second, SizeIs(3));
  EXPECT_LT(second.back(), 24U);
}

TEST(BisectPlanTest, ARoundEndsEarlyOnlyWithTheSearch) {
  const CommitGraph graph = line(3);
  BisectPlan plan{graph, {}, in_rounds(2)};
  ASSERT_THAT(plan.next(2), testing::UnorderedElementsAre(0, 1));
  plan.record(0, exited(1));
  EXPECT_EQ(plan.result().kind, Kind::found);
  EXPECT_THAT(plan.pointless(), ElementsAre(1));
}

TEST(BisectPlanTest, OnlySkippedCommitsLeft) {
  const CommitGraph graph = line(8);
  BisectPlan plan{graph, {}, trusting()};
  play_serially(plan, [](Subject subject) { return exited(subject == 3 || subject == 4 ? 125 : subject > 4); });
  EXPECT_EQ(plan.result().kind, Kind::only_skipped);
  EXPECT_THAT(plan.result().suspects, SizeIs(3));
}

TEST(BisectPlanTest, NothingTestableAtAll) {
  for (const bool trust : {false, true}) {
    for (const std::size_t size : {1U, 8U}) {
      BisectOptions options;
      options.search.trust_ends = trust;
      if (trust && size == 1) continue;  // nothing has to be tested there
      const CommitGraph graph = line(size, true);
      BisectPlan plan{graph, {sibling_good}, options};
      play_serially(plan, [](Subject) { return exited(125); });
      EXPECT_EQ(plan.result().kind, Kind::nothing_testable);
      EXPECT_THAT(plan.result().suspects, SizeIs(size));
    }
  }
}

TEST(BisectPlanTest, AContradictionIsNoCulprit) {
  const CommitGraph graph = line(8, true);
  BisectPlan plan{graph, {}, BisectOptions{}};
  const std::vector<Subject> running = plan.next(9);
  for (const Subject subject : running) {
    // Not the ends: 3 fails although the later 6 passes.
    if (subject == 3) plan.record(subject, exited(1));
  }
  plan.record(6, exited(0));
  EXPECT_EQ(plan.result().kind, Kind::contradiction);
}

TEST(BisectPlanTest, WrongEndsAreNamed) {
  const CommitGraph graph = line(8, true);
  BisectPlan always_bad{graph, {}, BisectOptions{}};
  play_serially(always_bad, [](Subject) { return exited(1); });
  EXPECT_EQ(always_bad.result().kind, Kind::good_end_is_bad);
  EXPECT_EQ(always_bad.result().subject, 0U);
  BisectPlan always_good{graph, {}, BisectOptions{}};
  play_serially(always_good, [](Subject) { return exited(0); });
  EXPECT_EQ(always_good.result().kind, Kind::bad_end_is_good);
  EXPECT_EQ(always_good.result().subject, graph.bad_end());
}

TEST(BisectPlanTest, OneTrustedCandidateIsFoundWithoutATest) {
  const CommitGraph graph = line(1, true);
  const BisectPlan plan{graph, {}, trusting()};
  EXPECT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.rounds_left(), 0);
}

TEST(BisectPlanTest, WhatIsKnownIsNotTested) {
  const CommitGraph graph = line(16);
  BisectPlan plan{graph, {}, BisectOptions{}};
  const std::vector<Subject> running = plan.next(2);
  const Subject culprit = running.front() + 2;
  for (Subject node = 0; node < graph.size(); ++node) plan.learn(node, exited(node < culprit ? 0 : 1));
  EXPECT_EQ(plan.result().kind, BisectResult::Kind::found);
  EXPECT_EQ(plan.result().suspects.at(0).node, culprit);
  EXPECT_THAT(plan.next(2), IsEmpty());
  EXPECT_EQ(plan.pointless(), running) << "what runs is not learnt";
}

TEST(BisectPlanTest, RoundsLeftFollowTheNumberOfWorkers) {
  const CommitGraph graph = line(729);
  BisectPlan eight{graph, {}, trusting(8)};
  EXPECT_NEAR(eight.rounds_left(), 3, 0.01);
  BisectPlan one{graph, {}, trusting(1)};
  EXPECT_NEAR(one.rounds_left(), std::log2(729), 0.01);
  one.record(one.next(1).front(), exited(1));
  EXPECT_NEAR(one.rounds_left(), std::log2(729) - 1, 0.01);
  EXPECT_LE(one.candidates_left(), 365U);
}

}  // namespace
}  // namespace nmz::search
