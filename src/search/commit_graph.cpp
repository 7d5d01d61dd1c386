// The graph is stored as one array of edges with an index (compressed rows): a million commits are a few megabytes,
// and a pass in topological order reads memory from front to back.
#include "nmz/search/commit_graph.hpp"

#include <cassert>

namespace nmz::search {

Node CommitGraph::add(Role role, std::span<const Node> parents) {
  const auto node = static_cast<Node>(roles_.size());
  for (const Node parent : parents) {
    assert(parent < node);
    edges_.push_back(parent);
  }
  roles_.push_back(role);
  first_edge_.push_back(static_cast<std::uint32_t>(edges_.size()));
  if (role == Role::candidate) ++candidates_;
  return node;
}

std::vector<bool> below_good_ends(const CommitGraph& graph) {
  std::vector<bool> below(graph.size());
  for (Node node = static_cast<Node>(graph.size()); node-- > 0;) {
    if (!below[node] && graph.role(node) != Role::good_end) continue;
    for (const Node parent : graph.parents(node)) below[parent] = true;
  }
  return below;
}

}  // namespace nmz::search
