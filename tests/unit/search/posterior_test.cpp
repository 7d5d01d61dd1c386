// What is thought of each hypothesis, against the definition written out.
#include "nmz/search/posterior.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "random_graph.hpp"

namespace nmz::search {
namespace {

struct Seen {
  Node node = 0;
  bool failed = false;
};

bool descends(const CommitGraph& graph, Node node, Node from) {
  if (node == from) return true;
  for (const Node parent : graph.parents(node)) {
    if (parent >= from && descends(graph, parent, from)) return true;
  }
  return false;
}

/// Every candidate with every pair of rates, one verdict after the other; the last is that there is no culprit.
std::vector<double> by_definition(const CommitGraph& graph, const NoiseOptions& options, std::span<const Seen> seen) {
  const std::vector<bool> below = below_good_ends(graph);
  std::vector<double> weights(graph.size() + 1);
  double candidates = 0;
  for (Node h = 0; h < graph.size(); ++h) {
    if (graph.role(h) != Role::candidate || below[h]) continue;
    ++candidates;
    double all = 0;
    for (const RatePair& pair : rate_grid(options.false_failure, options.false_pass)) all += pair.weight;
    for (const RatePair& pair : rate_grid(options.false_failure, options.false_pass)) {
      double likelihood = pair.weight / all;
      for (const Seen& one : seen) {
        const double fails = descends(graph, one.node, h) ? 1 - pair.false_pass : pair.false_failure;
        likelihood *= one.failed ? fails : 1 - fails;
      }
      weights[h] += likelihood;
    }
  }
  const double no_culprit = candidates > 0 ? prior_of_no_culprit(options) : 1;
  for (double& weight : weights) weight *= candidates > 0 ? (1 - no_culprit) / candidates : 0;
  // A rate that may be anything, by Laplace's rule: what comes next has failed so often, and once more, so far.
  double rest = no_culprit;
  double failed = 1;
  double total = 2;
  for (const Seen& one : seen) {
    rest *= (one.failed ? failed : total - failed) / total;
    failed += one.failed ? 1 : 0;
    ++total;
  }
  weights.back() = rest;
  double sum = 0;
  for (const double weight : weights) sum += weight;
  for (double& weight : weights) weight /= sum;
  return weights;
}

NoiseOptions random_options(Random& random) {
  NoiseOptions options;
  if (one_in(random, 2)) options.false_failure = static_cast<double>(below(random, 4)) / 10;
  if (one_in(random, 2)) options.false_pass = static_cast<double>(below(random, 4)) / 10;
  if (one_in(random, 8)) options.no_culprit_prior = 0.1;
  return options;
}

TEST(PosteriorTest, IsWhatTheDefinitionSays) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 20);
    const NoiseOptions options = random_options(random);
    Posterior posterior{graph, options};
    std::vector<Seen> seen;
    for (std::size_t left = below(random, 12); left > 0; --left) {
      seen.push_back({static_cast<Node>(below(random, graph.size())), one_in(random, 2)});
      posterior.observe(seen.back().node, seen.back().failed ? Shown::failure : Shown::pass);
    }
    const std::vector<double> wanted = by_definition(graph, options, seen);
    for (Node node = 0; node < graph.size(); ++node) ASSERT_NEAR(posterior.share(node), wanted[node], 1e-9);
    ASSERT_NEAR(posterior.no_culprit(), wanted.back(), 1e-9);
  }
}

/// Of the search that takes verdicts for certain.
TEST(PosteriorTest, RatesOfZeroRuleOut) {
  const CommitGraph graph = line(10, true);
  NoiseOptions certain;
  certain.false_failure = certain.false_pass = 0;
  certain.no_culprit_prior = 0;
  Posterior posterior{graph, certain};
  posterior.observe(6, Shown::failure);
  posterior.observe(3, Shown::pass);
  for (Node node = 0; node < graph.size(); ++node) {
    EXPECT_NEAR(posterior.share(node), node > 3 && node <= 6 ? 1.0 / 3 : 0, 1e-12) << node;
  }
}

TEST(PosteriorTest, LearnsBothRates) {
  const CommitGraph graph = line(2, true);
  Posterior posterior{graph, NoiseOptions{}};
  for (int i = 0; i < 200; ++i) {
    posterior.observe(1, i % 10 == 0 ? Shown::failure : Shown::pass);
    posterior.observe(2, i % 4 == 0 ? Shown::pass : Shown::failure);
  }
  const Posterior::Kind& kind = posterior.kinds()[posterior.kind(2)];
  EXPECT_GT(posterior.share(2), 0.999);
  EXPECT_NEAR(kind.false_failure, 0.1, 0.03);
  EXPECT_NEAR(kind.false_pass, 0.25, 0.05);
}

TEST(PosteriorTest, OneRateEverywhereIsNoCulprit) {
  const CommitGraph graph = line(8, true);
  Posterior posterior{graph, NoiseOptions{}};
  for (int i = 0; i < 30; ++i) {
    for (Node node = 0; node < graph.size(); ++node) {
      posterior.observe(node, (static_cast<int>(node) + i) % 3 == 0 ? Shown::failure : Shown::pass);
    }
  }
  EXPECT_GT(posterior.no_culprit(), 0.95);
  EXPECT_NEAR(posterior.fail_without_culprit(), 1.0 / 3, 0.02);
}

TEST(PosteriorTest, ACommitOutsideIsGoodForEveryCandidate) {
  const CommitGraph graph = line(8, true);
  NoiseOptions known;
  known.false_failure = known.false_pass = 0.1;
  Posterior posterior{graph, known};
  for (int i = 0; i < 6; ++i) posterior.observe_outside(Shown::failure);
  EXPECT_GT(posterior.no_culprit(), 0.95);
  EXPECT_DOUBLE_EQ(posterior.share(1), posterior.share(8));
}

TEST(PosteriorTest, WhereOnlyTheNewStateHangsATimeoutTells) {
  const CommitGraph graph = line(9, true);
  Posterior posterior{graph, NoiseOptions{}};
  for (int i = 0; i < 3; ++i) {
    for (Node node = 0; node < 5; ++node) posterior.observe(node, Shown::pass);
    for (Node node = 5; node < graph.size(); ++node) posterior.observe(node, Shown::timeout);
  }
  EXPECT_EQ(posterior.best(), 5U);
  EXPECT_GT(posterior.share(5), 0.5);
}

}  // namespace
}  // namespace nmz::search
