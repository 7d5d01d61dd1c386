#include "nmz/search/retreat.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>
#include <optional>

namespace nmz::search {
namespace {

/// The oldest commit of the line that has the node among its ancestors, as a place in the line.
std::vector<std::size_t> depths(const CommitGraph& graph, std::span<const Node> line) {
  std::vector<std::size_t> depth(graph.size(), 0);
  std::vector<bool> seen(graph.size());
  std::vector<Node> to_see;
  for (std::size_t at = line.size(); at-- > 0;) {
    to_see.push_back(line[at]);
    while (!to_see.empty()) {
      const Node node = to_see.back();
      to_see.pop_back();
      if (seen[node]) continue;
      seen[node] = true;
      depth[node] = at;
      to_see.insert(to_see.end(), graph.parents(node).begin(), graph.parents(node).end());
    }
  }
  return depth;
}

class Steps {
 public:
  Steps(const CommitGraph& graph, std::span<const Node> line) : graph_{graph}, line_{line}, listed_(graph.size()) {
    listed_[graph.bad_end()] = true;
  }

  void add(Node node) {
    if (listed_[node] || graph_.role(node) != Role::candidate) return;
    listed_[node] = true;
    steps_.push_back(node);
  }

  /// Beyond a commit that only connects others is one that can be tested.
  void add_at(std::size_t distance) {
    while (distance < line_.size() && graph_.role(line_[distance]) != Role::candidate) ++distance;
    if (distance < line_.size()) add(line_[distance]);
  }

  void add_doubling(std::size_t first) {
    for (std::size_t distance = first; distance < line_.size(); distance *= 2) add_at(distance);
  }

  [[nodiscard]] std::vector<Node> take() { return std::move(steps_); }

 private:
  const CommitGraph& graph_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::span<const Node> line_;
  std::vector<bool> listed_;
  std::vector<Node> steps_;
};

/// The nearest of each stretch.
std::vector<Node> tags_at_doubling_distance(const CommitGraph& graph, std::span<const Node> line,
                                            std::span<const Node> tagged) {
  struct Tag {
    std::size_t depth;
    Node node;
  };
  const std::vector<std::size_t> depth = depths(graph, line);
  std::map<std::size_t, Tag> nearest;
  for (const Node node : tagged) {
    if (node == graph.bad_end() || graph.role(node) != Role::candidate) continue;
    const Tag tag{depth[node], node};
    const auto [known, is_new] = nearest.try_emplace(static_cast<std::size_t>(std::bit_width(tag.depth)), tag);
    const bool nearer =
        tag.depth < known->second.depth || (tag.depth == known->second.depth && node > known->second.node);
    if (!is_new && nearer) known->second = tag;
  }
  std::vector<Node> nodes;
  nodes.reserve(nearest.size());
  for (const auto& [stretch, tag] : nearest) nodes.push_back(tag.node);
  return nodes;
}

}  // namespace

std::vector<Node> retreat(const CommitGraph& graph, std::span<const Node> line, std::span<const Node> tagged) {
  Steps steps{graph, line};
  for (const Node node : tags_at_doubling_distance(graph, line, tagged)) steps.add(node);
  steps.add_doubling(1);
  for (std::size_t at = line.size(); at-- > 1;) {
    if (graph.role(line[at]) != Role::candidate) continue;
    steps.add(line[at]);
    break;
  }
  if (graph.size() > 0) steps.add(0);
  steps.add_doubling(3);
  return steps.take();
}

}  // namespace nmz::search
