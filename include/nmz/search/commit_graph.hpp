// The part of a history that a search is about, without names.
//
// Nodes are numbered in topological order, parents first; node size()-1 is the bad end, and every node is an ancestor
// of it. A node is a candidate (it may be the first bad commit, and can be tested), a good end (given as good, or a
// merge base that has to be good: tested to make sure, never the answer), or a passage (it only connects others: a
// merge outside the wanted paths). Who the commits are is known to nmz::git.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nmz::search {

using Node = std::uint32_t;

enum class Role : std::uint8_t { candidate, good_end, passage };

class CommitGraph {
 public:
  /// Adds the next node. Precondition: every parent is smaller than the node's own number (the return value).
  Node add(Role role, std::span<const Node> parents);

  [[nodiscard]] std::size_t size() const { return roles_.size(); }
  [[nodiscard]] Role role(Node node) const { return roles_[node]; }
  [[nodiscard]] std::span<const Node> parents(Node node) const {
    return {edges_.data() + first_edge_[node], edges_.data() + first_edge_[node + 1]};
  }
  /// Candidates only.
  [[nodiscard]] std::size_t candidates() const { return candidates_; }
  [[nodiscard]] Node bad_end() const { return static_cast<Node>(size() - 1); }

 private:
  std::vector<Role> roles_;
  std::vector<std::uint32_t> first_edge_{0};
  std::vector<Node> edges_;
  std::size_t candidates_ = 0;
};

/// Strict ancestors of good ends: no candidates by definition, whatever the graph says.
[[nodiscard]] std::vector<bool> below_good_ends(const CommitGraph& graph);

}  // namespace nmz::search
