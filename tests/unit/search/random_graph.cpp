#include "random_graph.hpp"

#include <algorithm>
#include <vector>

namespace nmz::search {
namespace {

/// How a graph of this seed is made: wide ones take parents from anywhere, narrow ones from the last few nodes.
struct Shape {
  std::size_t window = 1;
  std::size_t most_parents = 1;
  bool roots = false;
  bool passages = false;
};

std::vector<Node> pick_parents(Random& random, std::size_t node, const Shape& shape) {
  if (shape.roots && one_in(random, 8)) return {};
  std::vector<Node> parents;
  const std::size_t count = 1 + below(random, shape.most_parents);
  for (std::size_t i = 0; i < count; ++i) {
    parents.push_back(static_cast<Node>(node - 1 - below(random, std::min(node, shape.window))));
  }
  std::ranges::sort(parents);
  parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
  return parents;
}

}  // namespace

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

bool one_in(Random& random, std::size_t bound) { return below(random, bound) == 0; }

CommitGraph random_graph(Random& random, std::size_t most_nodes) {
  Shape shape;
  shape.window = 1 + below(random, 12);
  shape.most_parents = one_in(random, 4) ? 4 : 1 + below(random, 2);
  shape.roots = one_in(random, 2);
  shape.passages = one_in(random, 3);

  CommitGraph graph;
  std::vector<bool> has_child;
  const std::size_t good_ends = below(random, 4);
  for (std::size_t i = 0; i < good_ends; ++i) graph.add(Role::good_end, {});
  has_child.resize(good_ends);
  const std::size_t size = good_ends + 1 + below(random, most_nodes);
  for (std::size_t node = good_ends; node < size; ++node) {
    const std::vector<Node> parents = node == 0 ? std::vector<Node>{} : pick_parents(random, node, shape);
    const bool passage = shape.passages && one_in(random, 4);
    graph.add(passage ? Role::passage : Role::candidate, parents);
    for (const Node parent : parents) has_child[parent] = true;
    has_child.push_back(false);
  }
  std::vector<Node> heads;
  for (Node node = 0; node < graph.size(); ++node) {
    if (!has_child[node]) heads.push_back(node);
  }
  const bool passage = graph.candidates() > 0 && shape.passages && one_in(random, 2);
  graph.add(passage ? Role::passage : Role::candidate, heads);
  return graph;
}

CommitGraph line(std::size_t size, bool good_end) {
  CommitGraph graph;
  if (good_end) graph.add(Role::good_end, {});
  for (std::size_t i = 0; i < size; ++i) {
    const auto node = static_cast<Node>(graph.size());
    graph.add(Role::candidate, node == 0 ? std::vector<Node>{} : std::vector{node - 1});
  }
  return graph;
}

std::vector<bool> bad_nodes(const CommitGraph& graph, Node culprit) {
  std::vector<bool> bad(graph.size());
  bad[culprit] = true;
  for (Node node = culprit; node < graph.size(); ++node) {
    for (const Node parent : graph.parents(node)) {
      if (bad[parent]) bad[node] = true;
    }
  }
  return bad;
}

}  // namespace nmz::search
