// How many commits are executed until many red tests have their culprits, beside searches for each culprit alone?
//
//     culprits_bench                 40 tests, 3 culprits, 1000 commits in a row, 200 times; 1, 4 and 8 workers
//     culprits_bench --graph FILE    the same in a real history: `git rev-list --parents --topo-order A..B > FILE`
//     culprits_bench --check         exit status 1 where the mean with one worker is over 1.5 times the single searches
//
// Counted is what is laid out and built: executions of commits, both ends and the second look at what was found
// included for the search of all; the single searches test the ends, too, and look once. "tests": how many tests were
// run, where each single search runs its own. Workers answer in the order in which they were asked.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "nmz/search/bisect_plan.hpp"
#include "nmz/search/many_culprits_plan.hpp"

#include "history_file.hpp"
#include "unit/search/random_graph.hpp"

namespace {

using namespace nmz::search;
using nmz::dispatch::Subject;

constexpr std::size_t tests = 40;
constexpr std::size_t culprits = 3;
constexpr std::size_t searches = 200;

nmz::job::Outcome failed() {
  nmz::job::Outcome outcome;
  outcome.kind = nmz::job::OutcomeKind::exited;
  outcome.code = 1;
  return outcome;
}

struct Red {
  std::vector<Node> distinct;
  std::vector<std::vector<bool>> bad;  ///< by culprit, by node
  std::vector<std::size_t> of_test;
};

Red red_suite(const CommitGraph& graph, const std::vector<Node>& candidates, Random& random) {
  Red red;
  for (std::size_t i = 0; i < culprits; ++i) {
    red.distinct.push_back(candidates[below(random, candidates.size())]);
    red.bad.push_back(bad_nodes(graph, red.distinct.back()));
  }
  for (std::size_t i = 0; i < tests; ++i) red.of_test.push_back(i < culprits ? i : below(random, culprits));
  return red;
}

struct Cost {
  std::size_t executions = 0;
  std::size_t tests = 0;
  std::size_t rounds = 0;
  bool right = true;
};

Cost together(const CommitGraph& graph, const Red& red, std::size_t workers) {
  ManyCulpritsOptions options;
  options.tests = tests;
  options.workers = workers;
  Cost cost;
  ManyCulpritsPlan* asked = nullptr;
  ManyCulpritsPlan::Questions questions;
  questions.answers = [&](Subject execution) {
    std::vector<Said> said;
    for (const TestNumber test : asked->tests_of(execution)) {
      const bool bad = red.bad[red.of_test[test]][asked->commit_of(execution)];
      said.push_back(bad ? Said::failed : Said::passed);
    }
    return said;
  };
  ManyCulpritsPlan plan{graph, options, questions};
  asked = &plan;
  while (!plan.finished()) {
    const std::vector<Subject> round = plan.next(workers);
    if (round.empty()) return Cost{0, 0, 0, false};
    ++cost.rounds;
    for (const Subject one : round) {
      ++cost.executions;
      cost.tests += plan.tests_of(one).size();
    }
    for (const Subject one : round) plan.record(one, failed());
  }
  for (TestNumber test = 0; test < tests; ++test) {
    cost.right = cost.right && plan.fate(test).kind == Fate::Kind::found &&
                 plan.fate(test).suspects.front().node == red.distinct[red.of_test[test]];
  }
  return cost;
}

void row(const CommitGraph& graph, std::size_t workers, bool check, bool& kept) {
  std::vector<Node> candidates;
  std::size_t ends = 1;
  for (Node node = 0; node < graph.size(); ++node) {
    if (graph.role(node) == Role::candidate) candidates.push_back(node);
    if (graph.role(node) == Role::good_end) ++ends;
  }
  double executions = 0;
  double singles = 0;
  double run = 0;
  double rounds = 0;
  std::size_t most = 0;
  std::size_t right = 0;
  for (std::uint64_t seed = 0; seed < searches; ++seed) {
    Random random{seed};
    const Red red = red_suite(graph, candidates, random);
    const Cost cost = together(graph, red, workers);
    SearchOptions trusting;
    trusting.trust_ends = true;
    for (const Node culprit : red.distinct) {
      singles += static_cast<double>(ends + serial_tests(graph, culprit, trusting));
    }
    executions += static_cast<double>(cost.executions);
    run += static_cast<double>(cost.tests);
    rounds += static_cast<double>(cost.rounds);
    most = std::max(most, cost.executions);
    if (cost.right) ++right;
  }
  const double ratio = executions / singles;
  kept = kept && right == searches && (workers > 1 || ratio <= 1.5);
  if (check) return;
  constexpr double all = searches;
  fmt::print("{:>7} {:>9.1f} {:>5} {:>9.1f} {:>7.2f} {:>8.1f} {:>8.1f} {:>6}/{}\n", workers, executions / all, most,
             singles / all, ratio, rounds / all, run / all, right, searches);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments{argv + 1, argv + argc};
  const bool check = arguments.size() == 1 && arguments[0] == "--check";
  const bool real = arguments.size() == 2 && arguments[0] == "--graph";
  if (!check && !real && !arguments.empty()) {
    fmt::print(stderr, "usage: culprits_bench [--check | --graph FILE]\n");
    return 2;
  }
  CommitGraph graph = line(1000, true);
  if (real) {
    std::ifstream file{std::string{arguments[1]}};
    graph = read_history(file).graph;
  }
  bool kept = true;
  if (!check) {
    fmt::print("{} tests, {} culprits, {} commits, {} searches\n", tests, culprits, graph.candidates(), searches);
    fmt::print("workers together  most   singles   ratio   rounds    tests  right\n");
  }
  for (const std::size_t workers : {1U, 4U, 8U}) row(graph, workers, check, kept);
  return kept ? 0 : 1;
}
