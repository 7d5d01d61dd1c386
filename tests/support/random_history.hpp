// Random histories for property tests: the same seed gives the same commits on every machine.
//
// Parents are taken from a window of the latest commits: a small window gives nearly a line, a large one long
// parallel branches; merges between branches that merged before give criss-crosses. A few paths change at random, and
// a merge takes each path from one of its parents, so that path-limited histories are as crooked as real ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scratch_repository.hpp"

namespace nmz::support {

struct HistoryShape {
  HistoryShape() = default;
  std::size_t commits = 50;
  std::size_t window = 4;     ///< a parent is one of this many latest commits; 1 = a line
  double merges = 0.3;        ///< share of commits with two parents
  double octopuses = 0.0;     ///< share of commits with three to five parents
  std::size_t roots = 1;      ///< commits without parents, spread over the first half
  std::size_t paths = 3;      ///< files "f0", "f1", ...; every commit that is no merge changes one
  bool skewed_dates = false;  ///< commit dates that run backwards here and there, and repeat
};

/// The last commit has every earlier tip among its ancestors only by chance.
[[nodiscard]] std::vector<ScratchCommit> random_history(std::uint64_t seed, const HistoryShape& shape);

/// One of several very different shapes, chosen by the seed: line, few or many merges, octopuses, several roots,
/// skewed dates.
[[nodiscard]] HistoryShape random_shape(std::uint64_t seed, std::size_t commits);

}  // namespace nmz::support
