// What the search makes of its ends, one situation a test.
#include "nmz/search/search.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/bisect_plan.hpp"

#include "random_graph.hpp"

namespace nmz::search {
namespace {

SearchOptions trusting() {
  SearchOptions options;
  options.trust_ends = true;
  return options;
}

/// good end 0 - 1 - 4 - 5, and 2 - 3 - 4 from a side branch that left before the good end.
CommitGraph with_early_branch() {
  CommitGraph graph;
  graph.add(Role::good_end, {});
  graph.add(Role::candidate, std::vector<Node>{0});
  graph.add(Role::candidate, {});
  graph.add(Role::candidate, std::vector<Node>{2});
  graph.add(Role::candidate, std::vector<Node>{1, 3});
  graph.add(Role::candidate, std::vector<Node>{4});
  return graph;
}

TEST(SearchTest, OneTrustedCandidateNeedsNoTest) {
  const CommitGraph graph = line(1, true);
  Search search{graph, trusting()};
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::found);
  EXPECT_TRUE(search.choose(4, {}).empty());
}

TEST(SearchTest, OneDoubtedCandidateNeedsBothEnds) {
  const CommitGraph graph = line(1, true);
  Search search{graph};
  EXPECT_EQ(search.choose(4, {}).size(), 2U);
  search.record(1, Verdict::bad);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::undecided);
  search.record(0, Verdict::good);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::found);
}

TEST(SearchTest, TrustedEndsAreNeverChosen) {
  const CommitGraph graph = line(5, true);
  Search search{graph, trusting()};
  const std::vector<Node> chosen = search.choose(100, {});
  EXPECT_EQ(chosen.size(), 4U);
  EXPECT_FALSE(search.informative(0));
  EXPECT_FALSE(search.informative(graph.bad_end()));
}

TEST(SearchTest, AGoodVerdictConfirmsTheGoodEndBelowIt) {
  const CommitGraph graph = line(5, true);
  Search search{graph};
  EXPECT_TRUE(search.informative(0));
  search.record(3, Verdict::good);
  EXPECT_FALSE(search.informative(0));
}

TEST(SearchTest, ABadVerdictAnywhereConfirmsTheBadEnd) {
  const CommitGraph graph = line(5, true);
  Search search{graph};
  search.record(2, Verdict::bad);
  EXPECT_FALSE(search.informative(graph.bad_end()));
}

TEST(SearchTest, ACommandThatAlwaysFailsBlamesTheGoodEndAndNotTheHistory) {
  // 1 and 3 have no common ancestor in the range, so no single candidate explains that both are bad.
  const CommitGraph graph = with_early_branch();
  Search search{graph};
  search.record(1, Verdict::bad);
  search.record(3, Verdict::bad);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::undecided);
  ASSERT_EQ(search.choose(3, {}), std::vector<Node>{0});
  Search two_bugs = search;
  search.record(0, Verdict::bad);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::good_end_is_bad);
  two_bugs.record(0, Verdict::good);
  EXPECT_EQ(two_bugs.conclusion().kind, Conclusion::Kind::contradiction);
}

TEST(SearchTest, ARootOfASideBranchIsNotBlamedBeforeTheGoodEndIsKnownToBeGood) {
  const CommitGraph graph = with_early_branch();
  Search search{graph};
  search.record(2, Verdict::bad);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::undecided);
  EXPECT_TRUE(search.informative(0));
  search.record(0, Verdict::good);
  EXPECT_EQ(search.conclusion().suspects.front().node, 2U);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::found);
}

TEST(SearchTest, AGoodBadEndBeatsWhatElseIsKnown) {
  const CommitGraph graph = line(5, true);
  Search search{graph};
  search.record(3, Verdict::bad);
  search.record(graph.bad_end(), Verdict::good);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::bad_end_is_good);
  EXPECT_TRUE(search.choose(3, {}).empty());
}

TEST(SearchTest, GoodAfterBadIsAContradiction) {
  const CommitGraph graph = line(5, true);
  Search search{graph};
  search.record(2, Verdict::bad);
  search.record(4, Verdict::good);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::contradiction);
  EXPECT_EQ(search.candidates_left(), 0U);
}

TEST(SearchTest, APassageIsNeverTestedButABadEndThatIsOneCanBe) {
  CommitGraph graph;
  graph.add(Role::good_end, {});
  graph.add(Role::candidate, std::vector<Node>{0});
  graph.add(Role::passage, std::vector<Node>{1});
  graph.add(Role::candidate, std::vector<Node>{2});
  graph.add(Role::passage, std::vector<Node>{3});
  Search search{graph};
  for (const Node node : search.choose(10, {})) EXPECT_NE(node, 2U);
  // Bad above all candidates, none of which is bad: nobody here is to blame.
  search.record(4, Verdict::bad);
  search.record(3, Verdict::good);
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::contradiction);
}

TEST(SearchTest, ACandidateBelowAGoodEndIsNoCandidate) {
  CommitGraph graph;
  graph.add(Role::candidate, {});
  graph.add(Role::good_end, std::vector<Node>{0});
  graph.add(Role::candidate, std::vector<Node>{1});
  Search search{graph, trusting()};
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::found);
  EXPECT_EQ(search.conclusion().suspects.front().node, 2U);
}

TEST(SearchTest, SerialTestsAreThoseOfBisection) {
  const CommitGraph graph = line(1024);
  EXPECT_EQ(serial_tests(graph, 0, trusting()), 10U);
  EXPECT_EQ(serial_tests(graph, 700, trusting()), 10U);
  EXPECT_EQ(serial_tests(line(1, true), 1, SearchOptions{}), 2U);
}

}  // namespace
}  // namespace nmz::search
