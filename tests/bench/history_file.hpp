// A real history for a bench, as `git rev-list --parents --topo-order A..B` has printed it.
#pragma once

#include <istream>
#include <string>
#include <unordered_map>

#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

struct HistoryFile {
  HistoryFile() = default;
  CommitGraph graph;  ///< node 0 is a good end, in place of all commits that are not listed
  std::unordered_map<std::string, Node> numbers;
};

[[nodiscard]] HistoryFile read_history(std::istream& in);

}  // namespace nmz::search
