// See scenario.hpp. Everything is found by brute force over ancestor sets, which is the point: no graph algorithm here
// can have the same mistake as one in the program.
#include "scenario.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

namespace nmz::conformance {

namespace {

/// For each commit, itself and what is reachable from it; the descendants' question is asked by counting.
using Reach = std::vector<std::set<std::size_t>>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_{seed} {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  std::size_t any_of(const std::vector<std::size_t>& numbers) { return numbers[below(numbers.size())]; }

 private:
  std::mt19937_64 engine_;
};

Reach reach_of(const std::vector<support::ScratchCommit>& history) {
  Reach reach;
  for (std::size_t number = 0; number < history.size(); ++number) {
    std::set<std::size_t> mine{number};
    for (const std::size_t parent : history[number].parents) {
      mine.insert(reach[parent].begin(), reach[parent].end());
    }
    reach.push_back(std::move(mine));
  }
  return reach;
}

/// For each commit, the commits whose versions of the path led to the version it has (git's simplified history).
Reach lineage_of(const std::vector<support::ScratchCommit>& history, const std::string& path) {
  Reach lineage;
  std::map<std::string, std::set<std::size_t>> of_content;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const support::ScratchCommit& commit = history[number];
    std::set<std::size_t> mine;
    if (!commit.parents.empty()) {
      mine = lineage[commit.parents[0]];
    }
    if (std::ranges::find(commit.removed, path) != commit.removed.end()) {
      mine.clear();  // a merge took the side that never had it
    } else if (const auto changed = commit.files.find(path); changed != commit.files.end()) {
      std::set<std::size_t>& known = of_content[changed->second.content];
      if (known.empty()) {
        known = mine;
        known.insert(number);
      }
      mine = known;
    }
    lineage.push_back(std::move(mine));
  }
  return lineage;
}

bool related(const Reach& reach, std::size_t one, std::size_t other) {
  return std::ranges::any_of(reach[one], [&](std::size_t commit) { return reach[other].contains(commit); });
}

/// One to three good ends: commits without the bug, related to bad, from whose history the culprit is missing.
std::vector<std::size_t> pick_goods(Random& random, const Reach& reach, const Reach& has_bug,
                                    const Scenario& scenario) {
  std::vector<std::size_t> possible;
  for (std::size_t number = 0; number < reach.size(); ++number) {
    if (!has_bug[number].contains(scenario.culprit) && !reach[number].contains(scenario.culprit) &&
        related(reach, number, scenario.bad)) {
      possible.push_back(number);
    }
  }
  std::vector<std::size_t> goods;
  const std::size_t wanted = 1 + random.below(3);
  for (std::size_t i = 0; i < wanted && !possible.empty(); ++i) {
    const std::size_t good = random.any_of(possible);
    if (std::ranges::find(goods, good) == goods.end()) {
      goods.push_back(good);
    }
  }
  return goods;
}

bool in_range(const Reach& reach, const Scenario& scenario, std::size_t commit) {
  return reach[scenario.bad].contains(commit) &&
         std::ranges::none_of(scenario.goods, [&](std::size_t good) { return reach[good].contains(commit); });
}

void add_skips(Random& random, const Reach& reach, Scenario& scenario) {
  const std::size_t share = 2 + random.below(4);
  for (std::size_t number = 0; number < scenario.says.size(); ++number) {
    const bool end = number == scenario.bad || std::ranges::find(scenario.goods, number) != scenario.goods.end();
    if (!end && in_range(reach, scenario, number) && random.below(share) == 0) {
      scenario.says[number] = Says::skip;
    }
  }
  const auto agree = [&](std::size_t suspect, std::size_t commit) {
    return !in_range(reach, scenario, commit) || scenario.says[commit] == Says::skip ||
           reach[commit].contains(suspect) == reach[commit].contains(scenario.culprit);
  };
  for (std::size_t suspect = 0; suspect < reach.size(); ++suspect) {
    bool same = in_range(reach, scenario, suspect);
    for (std::size_t commit = 0; commit < reach.size() && same; ++commit) {
      same = agree(suspect, commit);
    }
    if (same) {
      scenario.indistinguishable.push_back(suspect);
    }
  }
}

/// Commits whose history, as first parents only lead through it, is what `bad` is searched for.
std::vector<std::size_t> possible_culprits(const Scenario& scenario, const Reach& has_bug) {
  const std::size_t bad = scenario.bad;
  if (!scenario.first_parent) {
    return {has_bug[bad].begin(), has_bug[bad].end()};
  }
  std::vector<std::size_t> line{bad};
  while (!scenario.history[line.back()].parents.empty()) {
    line.push_back(scenario.history[line.back()].parents[0]);
  }
  return line;
}

std::optional<Scenario> attempt(std::uint64_t seed, Kind kind) {
  Random random{seed};
  Scenario scenario;
  const std::size_t size = 6 + random.below(55);
  scenario.history = support::random_history(seed, support::random_shape(seed, size));
  scenario.first_parent = kind == Kind::first_parent;
  if (kind == Kind::path) {
    scenario.pathspecs = {"f0"};
  }
  const Reach reach = reach_of(scenario.history);
  const Reach has_bug = kind == Kind::path ? lineage_of(scenario.history, "f0") : reach;
  scenario.bad = size - 1 - random.below(1 + (size / 4));
  const std::vector<std::size_t> culprits = possible_culprits(scenario, has_bug);
  if (culprits.empty()) {
    return std::nullopt;
  }
  scenario.culprit = random.any_of(culprits);
  scenario.goods = pick_goods(random, reach, has_bug, scenario);
  if (scenario.goods.empty()) {
    return std::nullopt;
  }
  for (std::size_t number = 0; number < size; ++number) {
    scenario.says.push_back(has_bug[number].contains(scenario.culprit) ? Says::bad : Says::good);
  }
  if (kind == Kind::skips) {
    add_skips(random, reach, scenario);
  }
  return scenario;
}

}  // namespace

Scenario random_scenario(std::uint64_t seed, Kind kind) {
  constexpr std::uint64_t stride = 1'000'003;  // so that the retries of one seed are not the next seeds
  std::optional<Scenario> result;
  for (std::uint64_t at = seed; !result; at += stride) {
    result = attempt(at, kind);
  }
  constexpr std::array words{"good\n", "bad\n", "skip\n"};
  for (std::size_t number = 0; number < result->says.size(); ++number) {
    result->history[number].files["says"] = words.at(static_cast<std::size_t>(result->says[number]));
  }
  return *std::move(result);
}

}  // namespace nmz::conformance
