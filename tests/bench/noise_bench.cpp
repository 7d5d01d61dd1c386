// How many runs, and how sure is the answer, when verdicts may be wrong?
//
//     noise_bench                       a line of 128 commits at several rates, half-lies, workers, calibration
//     noise_bench --graph FILE          a real history: `git rev-list --parents --topo-order A..B > FILE`
//       --culprit ID                    which of its commits is searched for first
//       --searches N                    of each kind
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/core.h>

#include "nmz/search/posterior.hpp"

#include "../../src/search/noisy_choice.hpp"

namespace {

using namespace nmz::search;
using Clock = std::chrono::steady_clock;

struct World {
  double false_failure = 0.05;
  double false_pass = 0.05;
};

struct Played {
  std::size_t runs = 0;
  std::size_t rounds = 0;
  bool right = false;
  double stated = 0;
};

std::vector<bool> bad_nodes(const CommitGraph& graph, Node culprit) {
  std::vector<bool> bad(graph.size());
  bad[culprit] = true;
  for (Node node = culprit; node < graph.size(); ++node)
    for (const Node parent : graph.parents(node))
      if (bad[parent]) bad[node] = true;
  return bad;
}
double choice_time = 0;
std::size_t choices = 0;

Played play(const CommitGraph& graph, Node culprit, const World& world, const NoiseOptions& options, double confidence,
            std::size_t k, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  const std::vector<bool> bad = bad_nodes(graph, culprit);
  Posterior posterior{graph, options};
  Played played;
  for (;;) {
    const auto best = posterior.best();
    if (best && posterior.share(*best) >= confidence) {
      played.right = *best == culprit;
      played.stated = posterior.share(*best);
      return played;
    }
    if (posterior.no_culprit() >= confidence) {
      played.stated = posterior.no_culprit();
      return played;
    }
    if (played.runs > 3000) return played;
    const auto start = Clock::now();
    const auto nodes = choose_trials(graph, posterior, options.sample, {}, k,
                                     [&](Node node) { return graph.role(node) != Role::passage ? 1.0 : 0.0; });
    choice_time += std::chrono::duration<double>(Clock::now() - start).count();
    ++choices;
    if (nodes.empty()) return played;
    ++played.rounds;
    for (const Node node : nodes) {
      ++played.runs;
      const double u = static_cast<double>(random() >> 11) * 0x1.0p-53;
      const bool fails = bad[node] ? u >= world.false_pass : u < world.false_failure;
      posterior.observe(node, fails ? Shown::failure : Shown::pass);
    }
  }
}

CommitGraph line(std::size_t size) {
  CommitGraph graph;
  graph.add(Role::good_end, {});
  for (Node node = 1; node <= size; ++node) graph.add(Role::candidate, std::vector{node - 1});
  return graph;
}

void row(const char* name, const CommitGraph& graph, const World& world, const NoiseOptions& options, double confidence,
         std::size_t k, std::size_t searches, std::optional<Node> fixed = {}) {
  double runs = 0, rounds = 0, right = 0, stated = 0;
  std::size_t most = 0;
  choice_time = 0;
  choices = 0;
  std::mt19937_64 random{7};
  for (std::size_t i = 0; i < searches; ++i) {
    Node culprit = static_cast<Node>(random() % graph.size());
    if (fixed) culprit = *fixed;
    while (graph.role(culprit) != Role::candidate) culprit = static_cast<Node>(random() % graph.size());
    const Played p = play(graph, culprit, world, options, confidence, k, 1000 + i);
    runs += p.runs;
    rounds += p.rounds;
    right += p.right;
    stated += p.stated;
    most = std::max(most, p.runs);
  }
  const double n = searches;
  fmt::print("{:<34} k={:<2} runs {:7.2f} (most {:4}) rounds {:6.2f} right {:.4f} stated {:.4f} choice {:.2f} ms\n",
             name, k, runs / n, most, rounds / n, right / n, stated / n, 1e3 * choice_time / choices);
}
CommitGraph read_graph(std::istream& in, const std::string& wanted, Node& found) {
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    lines.push_back({std::istream_iterator<std::string>{words}, {}});
  }
  CommitGraph graph;
  std::unordered_map<std::string, Node> numbers;
  const Node good_end = graph.add(Role::good_end, {});
  std::ranges::reverse(lines);  // parents first
  for (const std::vector<std::string>& line : lines) {
    std::vector<Node> parents;
    for (std::size_t i = 1; i < line.size(); ++i) {
      const auto known = numbers.find(line[i]);
      parents.push_back(known == numbers.end() ? good_end : known->second);
    }
    std::ranges::sort(parents);
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    if (parents.empty()) parents.push_back(good_end);
    const Node n = graph.add(Role::candidate, parents);
    if (line.front() == wanted) found = n;
    numbers.emplace(line.front(), n);
  }
  return graph;
}
}  // namespace

int main(int argc, char** argv) {
  std::size_t searches = argc > 1 ? std::stoul(argv[1]) : 500;
  if (argc > 2) {
    std::ifstream in{argv[2]};
    Node culprit = 0;
    const CommitGraph g = read_graph(in, "9c3592cf3cf9a9d49ad9a69b76d2be130a21d499", culprit);
    NoiseOptions o;
    row("git auto random", g, {.05, .05}, o, .99, 1, searches);
    row("git auto 9c35", g, {.05, .05}, o, .99, 1, searches, culprit);
    row("git auto random", g, {.05, .05}, o, .99, 1, searches);
    row("git auto random", g, {.05, .05}, o, .99, 8, searches);
    o.false_failure = .05;
    o.false_pass = .05;
    row("git known random", g, {.05, .05}, o, .99, 1, searches);
    row("git known random", g, {.05, .05}, o, .99, 8, searches);
    return 0;
  }
  const CommitGraph g = line(128);
  if (getenv("TUNE")) {
    NoiseOptions o;
    for (double p : {.05, .1, .2}) row(fmt::format("auto {} 95%", p).c_str(), g, {p, p}, o, .95, 1, searches);
    row("auto .02/.2 95%", g, {.02, .2}, o, .95, 1, searches);
    row("auto .2/.02 95%", g, {.2, .02}, o, .95, 1, searches);
    row("auto .5/.0 95%", g, {.5, .0}, o, .95, 1, searches);
    row("auto .01/.5 95%", g, {.01, .5}, o, .95, 1, searches);
    row("auto .0/.5 95%", g, {.0, .5}, o, .95, 1, searches);
    o.false_failure = 0;
    row("good never fails 95%", g, {0, .5}, o, .95, 1, searches);
    return 0;
  }
  for (double p : {.05, .1, .2}) {
    NoiseOptions o;
    row(fmt::format("auto {} 95%", p).c_str(), g, {p, p}, o, .95, 1, searches);
    row(fmt::format("auto {} 95%", p).c_str(), g, {p, p}, o, .95, 8, searches);
    o.false_failure = o.false_pass = p;
    const double h = -p * std::log2(p) - (1 - p) * std::log2(1 - p);
    row(fmt::format("known {} 95% (bound {:.1f})", p, (7 + std::log2(20)) / (1 - h)).c_str(), g, {p, p}, o, .95, 1,
        searches);
  }
  NoiseOptions o;
  row("auto .2/.2 99%", g, {.2, .2}, o, .99, 1, searches);
  row("auto .2/.02 99%", g, {.2, .02}, o, .99, 1, searches);
  row("auto .0/.5 95%", g, {.0, .5}, o, .95, 1, searches);
  o.false_failure = 0;
  row("good never fails 95%", g, {0, .5}, o, .95, 1, searches);
  row("good never fails 99%", g, {0, .5}, o, .99, 1, searches);
}
