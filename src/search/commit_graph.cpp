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

}  // namespace nmz::search
