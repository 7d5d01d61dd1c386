// Small histories of every shape: lines, forks, criss-cross and octopus merges, several roots, several good ends,
// passages in between.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

using Random = std::mt19937_64;

/// A number below `bound`, the same with every standard library.
[[nodiscard]] std::size_t below(Random& random, std::size_t bound);
[[nodiscard]] bool one_in(Random& random, std::size_t bound);

[[nodiscard]] CommitGraph random_graph(Random& random, std::size_t most_nodes);

/// Nodes 0..size-1 in a row, all candidates; with `good_end`, one more in front.
[[nodiscard]] CommitGraph line(std::size_t size, bool good_end = false);

/// By node, what a test says that is never wrong.
[[nodiscard]] std::vector<bool> bad_nodes(const CommitGraph& graph, Node culprit);

}  // namespace nmz::search
