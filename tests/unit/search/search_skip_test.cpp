// Untestable commits: how many tests they cost, and what they leave open.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/search.hpp"

#include "random_graph.hpp"

namespace nmz::search {
namespace {

struct Cost {
  std::size_t tests = 0;
  std::size_t skips = 0;
  Conclusion conclusion;
};

/// A line of `size`, of which [from, to) cannot be tested, searched with k tests at once.
Cost search_line(std::size_t size, Node culprit, Node from, Node to, std::size_t k) {
  const CommitGraph graph = line(size);
  SearchOptions options;
  options.trust_ends = true;
  Search search{graph, options};
  Cost cost;
  for (;;) {
    const std::vector<Node> probes = search.choose(k, {});
    if (probes.empty()) break;
    for (const Node probe : probes) {
      const bool skip = probe >= from && probe < to;
      search.record(probe, skip ? Verdict::skip : (probe >= culprit ? Verdict::bad : Verdict::good));
      ++cost.tests;
      cost.skips += skip ? 1 : 0;
    }
  }
  cost.conclusion = search.conclusion();
  return cost;
}

TEST(SearchSkipTest, OneUntestableCommitCostsHardlyMoreThanItself) {
  for (Node culprit = 0; culprit < 1000; culprit += 37) {
    if (culprit == 499 || culprit == 500) continue;
    const Cost cost = search_line(1000, culprit, 499, 500, 1);
    EXPECT_EQ(cost.conclusion.kind, Conclusion::Kind::found);
    EXPECT_LE(cost.tests, 13U) << "culprit " << culprit;
  }
}

TEST(SearchSkipTest, ALongRunOfUntestableCommitsInTheMiddleCostsFewTests) {
  std::size_t skips = 0;
  std::size_t searches = 0;
  for (const Node length : {20U, 60U, 200U, 600U}) {
    const Node from = 500 - length / 2;
    const Node to = from + length;
    for (Node culprit = 5; culprit < 1000; culprit += 45) {
      if (culprit >= from && culprit <= to) continue;
      const Cost cost = search_line(1000, culprit, from, to, 1);
      EXPECT_EQ(cost.conclusion.kind, Conclusion::Kind::found) << "run of " << length << ", culprit " << culprit;
      EXPECT_LE(cost.tests, 10 + 12U) << "run of " << length << ", culprit " << culprit;
      skips += cost.skips;
      ++searches;
    }
  }
  EXPECT_LE(static_cast<double>(skips) / static_cast<double>(searches), 4.0);
}

TEST(SearchSkipTest, ParallelProbesAvoidTheRunToo) {
  for (Node culprit = 5; culprit < 1000; culprit += 45) {
    if (culprit >= 300 && culprit <= 700) continue;
    const Cost cost = search_line(1000, culprit, 300, 700, 8);
    EXPECT_EQ(cost.conclusion.kind, Conclusion::Kind::found);
    EXPECT_LE(cost.tests, 60U) << "culprit " << culprit;
  }
}

TEST(SearchSkipTest, SuspectsWithinARunShareTheBelief) {
  const Cost cost = search_line(30, 12, 10, 15, 3);
  EXPECT_EQ(cost.conclusion.kind, Conclusion::Kind::only_skipped);
  ASSERT_EQ(cost.conclusion.suspects.size(), 6U);  // 10..14 and the first that answers again
  EXPECT_EQ(cost.conclusion.suspects.front().node, 10U);
  EXPECT_EQ(cost.conclusion.suspects.back().node, 15U);
  EXPECT_NEAR(cost.conclusion.suspects.front().share, 1.0 / 6, 1e-9);
}

TEST(SearchSkipTest, SkippedCommitCanStillBeTheAnswer) {
  // 0 - 1 - {2, 3} - 4: 1 cannot be tested, but only it explains that both 2 and 3 are bad.
  CommitGraph graph;
  graph.add(Role::candidate, {});
  graph.add(Role::candidate, std::vector<Node>{0});
  graph.add(Role::candidate, std::vector<Node>{1});
  graph.add(Role::candidate, std::vector<Node>{1});
  graph.add(Role::candidate, std::vector<Node>{2, 3});
  SearchOptions options;
  options.trust_ends = true;
  Search search{graph, options};
  search.record(1, Verdict::skip);
  search.record(0, Verdict::good);
  search.record(2, Verdict::bad);
  search.record(3, Verdict::bad);
  const Conclusion conclusion = search.conclusion();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::found);
  EXPECT_EQ(conclusion.suspects.front().node, 1U);
}

TEST(SearchSkipTest, SkippedEndsAreTrusted) {
  const CommitGraph graph = line(3, true);
  Search search{graph};
  search.record(0, Verdict::skip);
  search.record(3, Verdict::skip);
  search.record(1, Verdict::good);
  search.record(2, Verdict::good);
  const Conclusion conclusion = search.conclusion();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::found);
  EXPECT_EQ(conclusion.suspects.front().node, 3U);
}

TEST(SearchSkipTest, EverythingUntestableLeavesEveryCandidate) {
  const CommitGraph graph = line(4, true);
  Search search{graph};
  for (std::size_t tests = 0;; ++tests) {
    ASSERT_LE(tests, graph.size());
    const std::vector<Node> probes = search.choose(2, {});
    if (probes.empty()) break;
    for (const Node node : probes) search.record(node, Verdict::skip);
  }
  EXPECT_EQ(search.conclusion().kind, Conclusion::Kind::only_skipped);
  EXPECT_EQ(search.conclusion().suspects.size(), 4U);
}

}  // namespace
}  // namespace nmz::search
