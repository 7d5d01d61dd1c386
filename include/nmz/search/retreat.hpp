// Where to look for a good end when none is known.
//
// Nobody knows how old a bug is, so each step back is twice as long as the one before: a bug of age n is behind after
// log n tests, and the range that is left is at most twice as long as it had to be. Distance is counted along first
// parents, where projects keep their line of releases; a commit beside it is as far away as the commit that merged it.
// A release was tested by many, and builds: where tags are among the ancestors they are asked first, one in each
// stretch of doubling length. What is asked last (at half the distances) matters only where the rest could not be
// tested. Whoever goes through the list leaves out what earlier verdicts imply.
#pragma once

#include <span>
#include <vector>

#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

/// Candidates in the order in which they are to be tried until one is good. `line`: the bad end, its first parent, and
/// so on. `tagged`: nodes that have a tag.
[[nodiscard]] std::vector<Node> retreat(const CommitGraph& graph, std::span<const Node> line,
                                        std::span<const Node> tagged);

}  // namespace nmz::search
