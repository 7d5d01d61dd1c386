// Which trials are chosen, against all that could have been.
#include "noisy_choice.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "random_graph.hpp"

namespace nmz::search {
namespace {

double term(double chance) { return chance > 0 ? -chance * std::log2(chance) : 0; }

/// By the definition: the entropy of all ways in which the trials may end, less that under each hypothesis.
double information(const CommitGraph& graph, const Posterior& posterior, std::span<const Node> trials) {
  const std::size_t ways = std::size_t{1} << trials.size();
  std::vector<double> of_way(ways);
  double noise = 0;
  const auto add = [&](double share, const std::function<double(Node)>& fails) {
    for (const Node trial : trials) noise += share * (term(fails(trial)) + term(1 - fails(trial)));
    for (std::size_t way = 0; way < ways; ++way) {
      double chance = share;
      for (std::size_t i = 0; i < trials.size(); ++i)
        chance *= (way >> i & 1U) != 0 ? fails(trials[i]) : 1 - fails(trials[i]);
      of_way[way] += chance;
    }
  };
  for (Node h = 0; h < graph.size(); ++h) {
    if (posterior.share(h) == 0) continue;
    const std::vector<bool> bad = bad_nodes(graph, h);
    const Posterior::Kind& kind = posterior.kinds()[posterior.kind(h)];
    add(posterior.share(h), [&](Node node) { return bad[node] ? kind.fail_if_bad : kind.fail_if_good; });
  }
  add(posterior.no_culprit(), [&](Node) { return posterior.fail_without_culprit(); });
  double sum = -noise;
  for (const double chance : of_way) sum += term(chance);
  return sum;
}

double always(Node) { return 1; }

Posterior after_some_tests(Random& random, const CommitGraph& graph) {
  NoiseOptions options;
  if (one_in(random, 2)) options.false_failure = options.false_pass = 0.1;
  Posterior posterior{graph, options};
  for (std::size_t left = below(random, 8); left > 0; --left) {
    posterior.observe(static_cast<Node>(below(random, graph.size())), one_in(random, 2) ? Shown::failure : Shown::pass);
  }
  return posterior;
}

TEST(NoisyChoiceTest, OneTrialIsTheMostInformativeOfAll) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 25);
    const Posterior posterior = after_some_tests(random, graph);
    std::vector<Node> in_flight;
    for (std::size_t left = below(random, 4); left > 0; --left) {
      in_flight.push_back(static_cast<Node>(below(random, graph.size())));
    }
    const std::vector<Node> chosen = choose_trials(graph, posterior, 512, in_flight, 1, always);
    double most = 0;
    const double before = information(graph, posterior, in_flight);
    std::vector<Node> with = in_flight;
    with.push_back(0);
    for (Node node = 0; node < graph.size(); ++node) {
      with.back() = node;
      most = std::max(most, information(graph, posterior, with) - before);
    }
    if (chosen.empty()) {
      ASSERT_LT(most, 1e-6);
      continue;
    }
    with.back() = chosen.front();
    ASSERT_NEAR(information(graph, posterior, with) - before, most, 1e-6);
  }
}

TEST(NoisyChoiceTest, SeveralTellNearlyAsMuchAsTheBestSet) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 8);
    const Posterior posterior = after_some_tests(random, graph);
    const std::vector<Node> chosen = choose_trials(graph, posterior, 512, {}, 3, always);
    double most = 0;
    std::vector<Node> set(3);
    for (set[0] = 0; set[0] < graph.size(); ++set[0]) {
      for (set[1] = set[0]; set[1] < graph.size(); ++set[1]) {
        for (set[2] = set[1]; set[2] < graph.size(); ++set[2]) {
          most = std::max(most, information(graph, posterior, set));
        }
      }
    }
    ASSERT_GE(information(graph, posterior, chosen), 0.85 * most - 1e-6);
  }
}

/// Nothing asks for that but what it tells.
TEST(NoisyChoiceTest, NearTheEndTheCulpritAndItsParentAreRepeated) {
  const CommitGraph graph = line(64, true);
  NoiseOptions options;
  options.false_failure = options.false_pass = 0.2;
  Posterior posterior{graph, options};
  for (int i = 0; i < 5; ++i) {
    posterior.observe(20, Shown::failure);
    posterior.observe(19, Shown::pass);
  }
  const std::vector<Node> chosen = choose_trials(graph, posterior, 512, {}, 6, always);
  ASSERT_EQ(chosen.size(), 6U);
  EXPECT_GE(std::ranges::count(chosen, 20U), 2);
  EXPECT_GE(std::ranges::count(chosen, 19U), 1);
  EXPECT_GE(std::ranges::count(chosen, 19U) + std::ranges::count(chosen, 20U), 4) << testing::PrintToString(chosen);
}

TEST(NoisyChoiceTest, WhatCannotBeTestedIsNotChosen) {
  const CommitGraph graph = line(64, true);
  const Posterior posterior{graph, NoiseOptions{}};
  for (const Node node :
       choose_trials(graph, posterior, 512, {}, 8, [](Node node) { return node % 2 == 0 ? 0.0 : 1.0; })) {
    EXPECT_EQ(node % 2, 1U);
  }
  EXPECT_TRUE(choose_trials(graph, posterior, 512, {}, 8, [](Node) { return 0.0; }).empty());
}

TEST(NoisyChoiceTest, ASampleOfALongLineHalvesItAllTheSame) {
  const CommitGraph graph = line(5000, true);
  NoiseOptions alike;
  alike.false_failure = alike.false_pass = 0.1;
  const Posterior posterior{graph, alike};
  const std::vector<Node> chosen = choose_trials(graph, posterior, 64, {}, 1, always);
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_NEAR(chosen.front(), 2500, 5000 / 64);
}

}  // namespace
}  // namespace nmz::search
