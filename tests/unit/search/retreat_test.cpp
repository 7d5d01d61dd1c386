// Which commits are tried, and in which order, where no good end is known; and how a search goes on from there.
#include "nmz/search/retreat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan_player.hpp"

namespace nmz::search {
namespace {

using Kind = BisectResult::Kind;
using testing::ElementsAre;

std::vector<Node> back_from(Node bad_end) {
  std::vector<Node> line;
  for (Node node = bad_end + 1; node-- > 0;) line.push_back(node);
  return line;
}

BisectOptions without_good_end(const CommitGraph& graph, std::vector<Node> tagged = {}) {
  BisectOptions options;
  options.retreat = retreat(graph, back_from(graph.bad_end()), tagged);
  return options;
}

TEST(RetreatTest, GoesBackAtDoublingDistanceThenWithHalfSteps) {
  EXPECT_THAT(retreat(line(21), back_from(20), {}), ElementsAre(19, 18, 16, 12, 4, 0, 17, 14, 8));
}

TEST(RetreatTest, TriesTheNearestTagOfEachStretchFirst) {
  EXPECT_THAT(retreat(line(21), back_from(20), std::vector<Node>{1, 2, 10, 11, 20}),
              ElementsAre(11, 2, 19, 18, 16, 12, 4, 0, 17, 14, 8));
}

/// Node 2 is merged by 3, two steps back from 5.
TEST(RetreatTest, ATagBesideTheLineIsAsFarAwayAsItsMerge) {
  CommitGraph graph;
  graph.add(Role::candidate, {});
  graph.add(Role::candidate, std::vector<Node>{0});
  graph.add(Role::candidate, std::vector<Node>{0});
  graph.add(Role::candidate, std::vector<Node>{1, 2});
  graph.add(Role::passage, std::vector<Node>{3});
  graph.add(Role::candidate, std::vector<Node>{4});
  EXPECT_THAT(retreat(graph, std::vector<Node>{5, 4, 3, 1, 0}, std::vector<Node>{2}), ElementsAre(2, 3, 0, 1));
}

TEST(RetreatTest, TheFirstGoodCommitIsTheEndAndVerdictsStay) {
  const CommitGraph graph = line(200);
  BisectPlan plan{graph, {}, without_good_end(graph)};
  const Played played = play_serially(plan, [](auto subject) { return exited(subject >= 150 ? 1 : 0); });
  ASSERT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.result().suspects.front().node, 150U);
  const std::vector<dispatch::Subject> first(played.started.begin(), played.started.begin() + 7);
  EXPECT_THAT(first, ElementsAre(198, 197, 195, 191, 183, 167, 135));
  EXPECT_LE(played.started.size(), 7U + 5U) << "32 candidates are left then";
}

TEST(RetreatTest, NothingThatIsImpliedIsTried) {
  const CommitGraph graph = line(200);
  BisectPlan plan{graph, {}, without_good_end(graph, {100, 20})};
  ASSERT_THAT(plan.next(2), ElementsAre(100, 20));
  plan.record(20, exited(1));
  EXPECT_THAT(plan.pointless(), ElementsAre(100));
  EXPECT_THAT(plan.next(1), ElementsAre(0)) << "everything nearer has to be bad";
}

TEST(RetreatTest, NothingGoodIsToldWithTheOldest) {
  const CommitGraph graph = line(20);
  for (const bool trusted : {false, true}) {
    BisectOptions options = without_good_end(graph);
    options.search.trust_ends = trusted;
    BisectPlan plan{graph, {}, options};
    static_cast<void>(play_serially(plan, [](auto subject) { return exited(subject == 0 ? 125 : 1); }));
    EXPECT_EQ(plan.result().kind, Kind::no_good_end);
    EXPECT_EQ(plan.result().subject, 3U);
  }
  BisectPlan plan{graph, {}, without_good_end(graph)};
  static_cast<void>(play_serially(plan, [](auto) { return exited(125); }));
  EXPECT_EQ(plan.result().kind, Kind::nothing_testable);
}

TEST(RetreatTest, AGoodBadEndIsTold) {
  const CommitGraph graph = line(20);
  BisectPlan plan{graph, {}, without_good_end(graph)};
  static_cast<void>(play_serially(plan, [](auto) { return exited(0); }));
  EXPECT_EQ(plan.result().kind, Kind::bad_end_is_good);
}

}  // namespace
}  // namespace nmz::search
