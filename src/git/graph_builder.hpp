// The lines of `git rev-list --topo-order --reverse --parents` as the graph of a search; see range.cpp.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nmz/git/commit_id.hpp"
#include "nmz/git/range.hpp"
#include "nmz/search/commit_graph.hpp"

namespace nmz::git {

struct Ends {
  std::vector<CommitId> goods;
  CommitId bad;
  std::optional<CommitId> oldest;  ///< its ancestors are left out
};

class GraphBuilder {
 public:
  GraphBuilder(const Ends& ends, bool first_parent);

  /// Only these are candidates; without this call, all commits are.
  void restrict_to(std::unordered_set<CommitId> candidates) { candidates_ = std::move(candidates); }

  /// "<id> <parent>...". False when it is anything else.
  bool line(std::string_view text);

  /// Whether a commit of the range has this good end as its parent.
  [[nodiscard]] bool linked(const CommitId& good) const;

  /// `unlinked`: good ends that are ancestors of bad, but no listed commit's parent.
  void finish(const std::vector<CommitId>& unlinked, Range& range);

  /// Of the graph. After finish().
  [[nodiscard]] std::optional<search::Node> node_at(const CommitId& id) const;
  /// The bad end, its first parent, and so on. After finish().
  [[nodiscard]] std::vector<search::Node> first_parents() const;

 private:
  search::Node add(const CommitId& id, search::Role role, const std::vector<search::Node>& parents);
  search::Node good_node(const CommitId& id);
  std::optional<search::Node> node_of(const CommitId& id);
  void flush(const std::vector<search::Node>& more_parents);
  [[nodiscard]] search::Role role_of(const CommitId& id) const;

  CommitId bad_;
  bool first_parent_;
  std::optional<std::unordered_set<CommitId>> candidates_;
  std::unordered_map<CommitId, std::optional<search::Node>> goods_;
  std::unordered_map<CommitId, search::Node> nodes_;
  std::optional<CommitId> pending_;
  std::vector<CommitId> pending_parents_;
  search::CommitGraph graph_;
  std::vector<CommitId> ids_;
  std::vector<std::optional<search::Node>> first_parents_;  ///< of each node
  std::vector<bool> has_child_;
};

}  // namespace nmz::git
