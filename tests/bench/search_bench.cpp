// How good and how fast are the search's choices?
//
//     search_bench                      rounds on lines; a generated history of 80000 commits; memory with a million;
//                                       what knowing something beforehand saves, and costs where it misleads
//     search_bench --graph FILE         a real history: `git rev-list --parents --topo-order A..B > FILE` (- is stdin)
//       --culprits N                    how many random first bad commits are searched for (default 200)
//       --ends                          do not trust the ends: their tests are counted as well
//
// "quantiles" is what one would do without a model of the graph: at the nodes that cut what is left of the topological
// order into k+1 equal parts. Nothing here fails; the figures to reach are in the design.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <sys/resource.h>

#include "nmz/search/search.hpp"

#include "history_file.hpp"
#include "unit/search/random_graph.hpp"

namespace {

using nmz::search::bad_nodes;
using nmz::search::CommitGraph;
using nmz::search::Conclusion;
using nmz::search::line;
using nmz::search::Node;
using nmz::search::Role;
using nmz::search::Search;
using nmz::search::SearchOptions;
using nmz::search::Verdict;

struct Settings {
  Settings() = default;
  std::string graph;
  std::size_t culprits = 200;
  bool ends = false;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Topic branches that fork off the recent main line, grow and are merged; every commit ends up below the last one.
CommitGraph random_history(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  CommitGraph graph;
  Node main_line = graph.add(Role::good_end, {});
  std::vector<Node> recent{main_line};
  while (graph.size() < size) {
    Node topic = recent[random() % recent.size()];
    for (std::size_t left = 1 + random() % 7; left > 0; --left) topic = graph.add(Role::candidate, std::vector{topic});
    main_line = graph.add(Role::candidate, std::vector{std::min(main_line, topic), std::max(main_line, topic)});
    recent.push_back(main_line);
    if (recent.size() > 100) recent.erase(recent.begin());
  }
  return graph;
}

std::size_t rounds(const CommitGraph& graph, Node culprit, std::size_t k, SearchOptions options) {
  const std::vector<bool> bad = bad_nodes(graph, culprit);
  Search search{graph, options};
  for (std::size_t round = 0;; ++round) {
    const std::vector<Node> probes = search.choose(k, {});
    if (probes.empty()) return round;
    for (const Node probe : probes) search.record(probe, bad[probe] ? Verdict::bad : Verdict::good);
  }
}

std::size_t quantile_rounds(const CommitGraph& graph, Node culprit, std::size_t k) {
  const std::vector<bool> bad = bad_nodes(graph, culprit);
  Search search{graph, [] {
                  SearchOptions trusting;
                  trusting.trust_ends = true;
                  return trusting;
                }()};
  for (std::size_t round = 0;; ++round) {
    const Conclusion conclusion = search.conclusion();
    if (conclusion.kind != Conclusion::Kind::undecided) return round;
    std::vector<Node> left;
    for (Node node = 0; node < graph.size(); ++node) {
      if (search.candidates_left() > 1 && search.informative(node)) left.push_back(node);
    }
    std::vector<Node> probes;
    for (std::size_t i = 1; i <= k; ++i) probes.push_back(left[std::min(left.size() - 1, i * left.size() / (k + 1))]);
    for (const Node probe : probes) search.record(probe, bad[probe] ? Verdict::bad : Verdict::good);
  }
}

struct Spread {
  void add(std::size_t value) {
    sum += static_cast<double>(value);
    most = std::max(most, value);
    ++count;
  }
  [[nodiscard]] double mean() const { return sum / static_cast<double>(std::max<std::size_t>(count, 1)); }
  double sum = 0;
  std::size_t most = 0;
  std::size_t count = 0;
};

void print_choice_time(const CommitGraph& graph, std::size_t k) {
  auto start = std::chrono::steady_clock::now();
  Search search{graph};
  const double built = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const std::size_t chosen = search.choose(k, {}).size();
  fmt::print("{} nodes: search set up in {:.3f} s, {} probes chosen in {:.3f} s\n", graph.size(), built, chosen,
             seconds_since(start));
}

void print_rounds(const CommitGraph& graph, const Settings& settings) {
  SearchOptions options;
  options.trust_ends = !settings.ends;
  fmt::print("{:>4} {:>14} {:>22} {:>6}\n", "k", "rounds avg/max", "quantiles avg/max", "line");
  for (const std::size_t k : {1U, 3U, 8U, 16U}) {
    std::mt19937_64 random{k};
    Spread ours;
    Spread quantiles;
    for (std::size_t i = 0; i < settings.culprits; ++i) {
      const Node culprit = static_cast<Node>(1 + random() % (graph.size() - 1));
      ours.add(rounds(graph, culprit, k, options));
      if (graph.size() < 20'000) quantiles.add(quantile_rounds(graph, culprit, k));
    }
    const double bound = std::log(static_cast<double>(graph.candidates())) / std::log(static_cast<double>(k + 1));
    const std::string theirs =
        quantiles.count > 0 ? fmt::format("{:.2f} / {:>2}", quantiles.mean(), quantiles.most) : "-";
    fmt::print("{:>4} {:>9.2f} / {:>2} {:>22} {:>6}\n", k, ours.mean(), ours.most, theirs, std::ceil(bound - 1e-9));
  }
}

void print_lines() {
  SearchOptions options;
  options.trust_ends = true;
  fmt::print("line, rounds avg/max (bound)\n{:>7}", "n");
  for (const std::size_t k : {1U, 3U, 8U, 16U}) fmt::print(" {:>18}", fmt::format("k={}", k));
  fmt::print("\n");
  for (const std::size_t size : {100U, 1000U, 6561U, 59049U}) {
    const CommitGraph graph = line(size);
    fmt::print("{:>7}", size);
    for (const std::size_t k : {1U, 3U, 8U, 16U}) {
      Spread spread;
      for (std::size_t i = 0; i < 25; ++i) {
        spread.add(rounds(graph, static_cast<Node>(i * (size - 1) / 24), k, options));
      }
      const double bound = std::log(static_cast<double>(size)) / std::log(static_cast<double>(k + 1));
      fmt::print(" {:>18}", fmt::format("{:.2f} / {} ({})", spread.mean(), spread.most, std::ceil(bound - 1e-9)));
    }
    fmt::print("\n");
  }
}

/// A tenth of the commits is suspected, sixteen times as much as the others.
struct Suspicion {
  std::vector<double> weights;  ///< by node

  explicit Suspicion(std::size_t size) : weights(size, 1) {
    std::mt19937_64 random{3};
    for (double& weight : weights) weight = random() % 10 == 0 ? 16 : 1;
  }
  [[nodiscard]] SearchOptions options() const {
    SearchOptions options;
    options.trust_ends = true;
    options.prior = [this](std::span<const Node> nodes) {
      std::vector<double> chosen;
      for (const Node node : nodes) chosen.push_back(weights[node]);
      return chosen;
    };
    return options;
  }
};

void print_priors(const std::string& name, const CommitGraph& graph) {
  const Suspicion suspicion{graph.size()};
  SearchOptions even;
  even.trust_ends = true;
  for (const std::size_t k : {1U, 3U, 8U}) {
    for (const bool right : {true, false}) {
      std::mt19937_64 random{k};
      Spread without;
      Spread with;
      while (with.count < 100) {
        const Node culprit = static_cast<Node>(1 + random() % (graph.size() - 1));
        if ((suspicion.weights[culprit] > 1) != right) continue;
        without.add(rounds(graph, culprit, k, even));
        with.add(rounds(graph, culprit, k, suspicion.options()));
      }
      fmt::print("{:<28} k = {}, the culprit {}: rounds {:.2f} / {}, without {:.2f} / {}\n", name, k,
                 right ? "is suspected" : "is not      ", with.mean(), with.most, without.mean(), without.most);
    }
  }
}

Settings parse(std::span<char* const> arguments) {
  Settings settings;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view name{arguments[i]};
    const bool has_value = i + 1 < arguments.size();
    if (name == "--graph" && has_value)
      settings.graph = arguments[++i];
    else if (name == "--culprits" && has_value)
      settings.culprits = std::stoul(arguments[++i]);
    else if (name == "--ends")
      settings.ends = true;
    else
      throw std::invalid_argument{fmt::format("unknown argument: {}", name)};
  }
  return settings;
}

void run(Settings settings) {
  if (!settings.graph.empty()) {
    std::ifstream file{settings.graph};
    const CommitGraph graph = nmz::search::read_history(settings.graph == "-" ? std::cin : file).graph;
    print_choice_time(graph, 8);
    return print_rounds(graph, settings);
  }
  print_lines();
  {
    const CommitGraph history = random_history(80'000, 1);
    print_choice_time(history, 8);
    settings.culprits = std::min<std::size_t>(settings.culprits, 20);
    print_rounds(history, settings);
  }
  print_priors("line of 900", line(900));
  print_priors("history of 900", random_history(900, 2));
  print_choice_time(random_history(1'000'000, 1), 8);
  fmt::print("peak memory {:.0f} MB\n", peak_megabytes());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse({argv, static_cast<std::size_t>(argc)}));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "search_bench: {}\n", error.what());
    return 1;
  }
}
