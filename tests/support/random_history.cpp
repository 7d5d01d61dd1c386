// See random_history.hpp. std::uniform_int_distribution differs between standard libraries, so plain remainders of a
// mersenne twister are used: their bias does not matter here, their reproducibility does.
#include "random_history.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace nmz::support {

namespace {

class Source {
 public:
  explicit Source(std::uint64_t seed) : engine_{seed} {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(engine_() % bound); }
  bool chance(double share) { return static_cast<double>(below(1'000'000)) < share * 1e6; }

 private:
  std::mt19937_64 engine_;
};

/// The commit (by number) whose version of each path a tree holds.
using Versions = std::vector<std::size_t>;

std::size_t parent_count(Source& random, const HistoryShape& shape, std::size_t number) {
  if (number < 2 * shape.roots && number % 2 == 0) {
    return 0;
  }
  if (random.chance(shape.octopuses)) {
    return 3 + random.below(3);
  }
  return random.chance(shape.merges) ? 2 : 1;
}

std::vector<std::size_t> pick_parents(Source& random, const HistoryShape& shape, std::size_t number) {
  const std::size_t window = std::min(number, std::max<std::size_t>(shape.window, 1));
  const std::size_t wanted = parent_count(random, shape, number);
  std::vector<std::size_t> parents;
  for (std::size_t i = 0; i < wanted && window > 0; ++i) {
    const std::size_t parent = number - 1 - random.below(window);
    if (std::ranges::find(parents, parent) == parents.end()) {
      parents.push_back(parent);
    }
  }
  return parents;
}

std::string path_name(std::size_t path) { return fmt::format("f{}", path); }

}  // namespace

std::vector<ScratchCommit> random_history(std::uint64_t seed, const HistoryShape& shape) {
  Source random{seed};
  std::vector<ScratchCommit> commits;
  std::vector<Versions> versions;
  for (std::size_t number = 0; number < shape.commits; ++number) {
    ScratchCommit commit{pick_parents(random, shape, number)};
    Versions mine = commit.parents.empty() ? Versions(shape.paths, shape.commits) : versions[commit.parents[0]];
    const Versions before = mine;
    if (commit.parents.size() > 1) {
      for (std::size_t path = 0; path < shape.paths; ++path) {
        mine[path] = versions[commit.parents[random.below(commit.parents.size())]][path];
      }
    } else {
      mine[random.below(shape.paths)] = number;
    }
    for (std::size_t path = 0; path < shape.paths; ++path) {
      if (mine[path] == before[path]) {
        continue;
      }
      if (mine[path] == shape.commits) {  // the other parent does not have it
        commit.removed.push_back(path_name(path));
      } else {
        commit.files[path_name(path)] = fmt::format("version {}\n", mine[path]);
      }
    }
    if (shape.skewed_dates) {
      const auto steady = static_cast<std::int64_t>(number) * 60;
      commit.date = 1'600'000'000 + steady - static_cast<std::int64_t>(random.below(6) * random.below(6) * 60);
    }
    versions.push_back(std::move(mine));
    commits.push_back(std::move(commit));
  }
  return commits;
}

HistoryShape random_shape(std::uint64_t seed, std::size_t commits) {
  Source random{seed ^ 0x9e3779b97f4a7c15U};
  HistoryShape shape;
  shape.commits = commits;
  shape.window = 1 + (random.below(4) * random.below(4));
  shape.merges = 0.2 * static_cast<double>(random.below(4));
  shape.octopuses = random.below(3) == 0 ? 0.15 : 0.0;
  shape.roots = random.below(4) == 0 ? 3 : 1;
  shape.skewed_dates = random.below(3) == 0;
  return shape;
}

}  // namespace nmz::support
