// On a line the search has to be exact (k+1)-ary search; on other graphs at least as good as cutting the topological
// order into equal parts.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/search.hpp"

#include "oracle.hpp"
#include "random_graph.hpp"

namespace nmz::search {
namespace {

SearchOptions trusting(std::size_t sample = 1024) {
  SearchOptions options;
  options.trust_ends = true;
  options.sample = sample;
  return options;
}

/// The most rounds any culprit in a line needs: follows every possible set of answers.
std::size_t most_rounds(Search search, std::size_t k) {
  std::vector<Node> probes = search.choose(k, {});
  if (probes.empty()) return 0;
  std::ranges::sort(probes);
  std::size_t most = 0;
  for (std::size_t good = 0; good <= probes.size(); ++good) {
    Search after = search;
    if (good > 0) after.record(probes[good - 1], Verdict::good);
    if (good < probes.size()) after.record(probes[good], Verdict::bad);
    most = std::max(most, most_rounds(after, k));
  }
  return most + 1;
}

std::size_t least_rounds(std::size_t size, std::size_t k) {
  std::size_t rounds = 0;
  for (std::size_t reach = 1; reach < size; reach *= k + 1) ++rounds;
  return rounds;
}

TEST(SearchLineTest, RoundsAreExactlyTheLogarithmForEveryLengthAndWidth) {
  for (std::size_t size = 1; size <= 300; ++size) {
    const CommitGraph graph = line(size);
    for (std::size_t k = 1; k <= 9; ++k) {
      ASSERT_EQ(most_rounds(Search{graph, trusting()}, k), least_rounds(size, k)) << "n " << size << ", k " << k;
    }
  }
}

TEST(SearchLineTest, SamplingKeepsTheExactBoundaries) {
  struct Case {
    std::size_t k, size, sample;
  };
  // Powers of k+1, where one commit beside the boundary costs a round, and samples that are no multiple of k+1.
  for (const auto [k, size, sample] : {Case{2, 729, 40}, Case{4, 625, 52}, Case{8, 729, 100}}) {
    const CommitGraph graph = line(size);
    EXPECT_EQ(most_rounds(Search{graph, trusting(sample)}, k), least_rounds(size, k)) << "n " << size << ", k " << k;
  }
}

TEST(SearchLineTest, ANewProbeFillsTheLargestGap) {
  const CommitGraph graph = line(100);
  Search search{graph, trusting()};
  EXPECT_EQ(search.choose(1, std::vector<Node>{19, 59, 79}), std::vector<Node>{39});
}

TEST(SearchLineTest, TestingTheEndsCostsNoRoundWhereThereIsRoom) {
  // 200 candidates and 8 workers: three rounds could tell 729 apart, so the two ends fit in.
  const CommitGraph graph = line(200, true);
  for (Node culprit = 1; culprit <= 200; ++culprit) {
    Search search{graph};
    std::size_t rounds = 0;
    for (; search.conclusion().kind == Conclusion::Kind::undecided; ++rounds) {
      for (const Node node : search.choose(8, {})) search.record(node, node >= culprit ? Verdict::bad : Verdict::good);
    }
    EXPECT_LE(rounds, 3U) << "culprit " << culprit;
  }
}

template <class Choose>
std::size_t rounds(const CommitGraph& graph, const Hypothesis& truth, const Choose& choose) {
  Search search{graph, trusting()};
  std::size_t count = 0;
  for (; search.conclusion().kind == Conclusion::Kind::undecided; ++count) {
    for (const Node node : choose(search)) search.record(node, truth.bad[node] ? Verdict::bad : Verdict::good);
  }
  return count;
}

std::vector<Node> quantiles(const CommitGraph& graph, const Search& search, std::size_t k) {
  std::vector<Node> open;
  for (Node node = 0; node < graph.size(); ++node) {
    if (graph.role(node) == Role::candidate && search.informative(node)) open.push_back(node);
  }
  std::vector<Node> probes;
  for (std::size_t i = 1; i <= k; ++i) probes.push_back(open[std::min(open.size() - 1, i * open.size() / (k + 1))]);
  return probes;
}

TEST(SearchLineTest, BeatsQuantilesOfTheTopologicalOrderOnRandomHistories) {
  for (const std::size_t k : {1U, 3U, 8U}) {
    double ours = 0;
    double theirs = 0;
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
      Random random{seed};
      const CommitGraph graph = random_graph(random, 150);
      const std::vector<Hypothesis> truths = all_hypotheses(graph, true);
      for (std::size_t i = 0; i < truths.size(); i += 1 + truths.size() / 20) {
        const auto choose = [&](Search& search) { return search.choose(k, {}); };
        const auto cut = [&](const Search& search) { return quantiles(graph, search, k); };
        ours += static_cast<double>(rounds(graph, truths[i], choose));
        theirs += static_cast<double>(rounds(graph, truths[i], cut));
      }
    }
    EXPECT_LE(ours, 0.95 * theirs) << "k " << k;
  }
}

}  // namespace
}  // namespace nmz::search
