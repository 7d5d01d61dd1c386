// Besides ancestors and descendants there is the way around: two branches that both forked off a broken commit are
// neighbours, though neither descends from the other. All distances are relaxed in sweeps along the topological order
// instead of by a queue, which would need the edges to the children.
#include "nmz/search/untestability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace nmz::search {
namespace {

/// A commit can be broken for reasons of its own, however far from others.
constexpr double base_rate = 0.02;
/// Each pair of sweeps follows one more change of direction; further ones hardly find a shorter way.
constexpr int sweeps = 2;

constexpr auto nowhere = std::numeric_limits<std::uint32_t>::max() / 2;

double escapes(double distance, std::size_t scale) { return 1 - std::exp(-distance / std::exp2(scale)); }

void relax(std::uint32_t& distance, std::uint32_t neighbour) { distance = std::min(distance, neighbour + 1); }

}  // namespace

Untestability::Untestability(const CommitGraph& graph) : graph_{&graph} {
  std::size_t scales = 1;
  while (scales < 31 && (std::size_t{2} << scales) < graph.size()) ++scales;
  odds_.assign(scales, 1 / static_cast<double>(scales));
}

void Untestability::record_testable(Node node) { learn(node, false); }

void Untestability::record_skipped(Node node) {
  learn(node, true);
  measure_distances(node);
}

double Untestability::probability(Node node) const {
  if (distances_.any_way.empty()) return 0;
  double sum = 0;
  for (std::size_t scale = 0; scale < odds_.size(); ++scale) sum += odds_[scale] * probability(node, scale);
  return sum;
}

double Untestability::probability(Node node, std::size_t scale) const {
  const double along = escapes(distances_.to_ancestor[node], scale) * escapes(distances_.to_descendant[node], scale);
  return 1 - (1 - base_rate) * std::min(along, escapes(distances_.any_way[node], scale));
}

void Untestability::learn(Node node, bool skipped) {
  if (distances_.any_way.empty()) return;
  for (std::size_t scale = 0; scale < odds_.size(); ++scale) {
    const double chance = probability(node, scale);
    odds_[scale] *= skipped ? chance : 1 - chance;
  }
  const double total = std::accumulate(odds_.begin(), odds_.end(), 0.0);
  // A node that was skipped before and answers now contradicts every scale.
  if (total <= 0) return odds_.assign(odds_.size(), 1 / static_cast<double>(odds_.size()));
  for (double& odds : odds_) odds /= total;
}

void Untestability::measure_distances(Node from) {
  auto& [to_ancestor, to_descendant, any_way] = distances_;
  if (any_way.empty()) {
    to_ancestor.assign(graph_->size(), nowhere);
    to_descendant = any_way = to_ancestor;
  }
  to_ancestor[from] = to_descendant[from] = any_way[from] = 0;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (Node node = 0; node < graph_->size(); ++node) {
      for (const Node parent : graph_->parents(node)) {
        relax(to_ancestor[node], to_ancestor[parent]);
        relax(any_way[node], any_way[parent]);
      }
    }
    for (auto node = static_cast<Node>(graph_->size()); node-- > 0;) {
      for (const Node parent : graph_->parents(node)) {
        relax(to_descendant[parent], to_descendant[node]);
        relax(any_way[parent], any_way[node]);
      }
    }
  }
}

}  // namespace nmz::search
