// Evidence on a DAG: a verdict at v speaks about the ancestors of v, so every update is one sweep over the open nodes.
//
// Which nodes are implied bad is the harder half: every possible hypothesis must be an ancestor. It is enough to look
// at the possible nodes without a possible descendant (the tips): who descends from all of those descends from all.
// There are few of them, most often one, so 64 at a time are carried through the graph as bits.
#include "nmz/search/belief.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace nmz::search {
namespace {

OpenGraph everything(const CommitGraph& graph) {
  OpenGraph all;
  all.nodes.reserve(graph.size());
  all.first_edge.reserve(graph.size() + 1);
  for (Node node = 0; node < graph.size(); ++node) {
    all.nodes.push_back(node);
    for (const Node parent : graph.parents(node)) all.edges.push_back(parent);
    all.first_edge.push_back(static_cast<std::uint32_t>(all.edges.size()));
  }
  return all;
}

/// Whether "the bug is older and came through node 0" already is "everything is bad".
bool first_node_is_below_all(const CommitGraph& graph) {
  if (graph.role(0) != Role::good_end) return false;
  for (Node node = 1; node < graph.size(); ++node) {
    if (graph.parents(node).empty()) return false;
  }
  return true;
}

}  // namespace

Belief::Belief(const CommitGraph& graph, double end_prior)
    : weights_(graph.size()), is_candidate_(graph.size()), states_(graph.size()), open_{everything(graph)} {
  if (graph.size() == 0) return;
  set_priors(graph, end_prior);
  refresh();
}

void Belief::set_priors(const CommitGraph& graph, double end_prior) {
  std::size_t good_ends = 0;
  for (Node node = 0; node < graph.size(); ++node) {
    if (graph.role(node) == Role::good_end) ++good_ends;
  }
  const bool older_is_apart = good_ends > 0 && !first_node_is_below_all(graph);
  const bool blameless_bad_end = graph.role(graph.bad_end()) == Role::passage;
  const auto doubts = static_cast<double>(good_ends + (older_is_apart ? 1U : 0U) + (blameless_bad_end ? 1U : 0U) + 1);
  const double each = std::min(end_prior, 0.5 / doubts);

  const std::vector<bool> below = below_good_ends(graph);
  std::size_t candidates = 0;
  for (Node node = 0; node < graph.size(); ++node) {
    if (graph.role(node) == Role::candidate && !below[node]) ++candidates;
  }
  const double share = candidates == 0 ? 0 : (1 - each * doubts) / static_cast<double>(candidates);
  for (Node node = 0; node < graph.size(); ++node) {
    is_candidate_[node] = graph.role(node) == Role::candidate;
    if (is_candidate_[node] && !below[node]) weights_[node] = share;
    if (graph.role(node) == Role::good_end) weights_[node] = each;
  }
  if (blameless_bad_end) weights_[graph.bad_end()] = each;
  if (older_is_apart) older_ = each;
  good_bad_end_ = each;
  for (Node node = 0; node < graph.size(); ++node) {
    if (weights_[node] > 0) possible_.push_back(node);
  }
}

std::vector<Node> Belief::candidates() const {
  std::vector<Node> found;
  std::ranges::copy_if(possible_, std::back_inserter(found), [&](Node node) { return is_candidate_[node]; });
  return found;
}

void Belief::prefer(std::span<const double> weights) {
  const std::vector<Node> nodes = candidates();
  double even = 0;
  for (const Node node : nodes) even += weights_[node];
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  preferred_ = weights_;
  for (std::size_t at = 0; at < nodes.size(); ++at) preferred_[nodes[at]] = even * weights[at] / all;
}

double Belief::total() const {
  double sum = older_ + good_bad_end_;
  for (const Node node : possible_) sum += weights_[node];
  return sum;
}

std::vector<std::uint8_t> Belief::with_ancestors(Node node) const {
  std::vector<std::uint8_t> marked(weights_.size());
  marked[node] = 1;
  const auto from = std::ranges::upper_bound(open_.nodes, node) - open_.nodes.begin();
  for (auto at = static_cast<std::size_t>(from); at-- > 0;) {
    if (marked[open_.nodes[at]] == 0) continue;
    for (const std::uint32_t parent : open_.parents(at)) marked[open_.nodes[parent]] = 1;
  }
  return marked;
}

void Belief::rule_out_everything() {
  for (const Node node : possible_) weights_[node] = 0;
  possible_.clear();
  older_ = 0;
  good_bad_end_ = 0;
}

void Belief::observe(Node node, bool bad) {
  if (states_[node] == (bad ? State::implied_bad : State::implied_good)) return;
  if (!open(node)) {
    rule_out_everything();
  } else {
    const std::vector<std::uint8_t> ancestor = with_ancestors(node);
    std::erase_if(possible_, [&](Node hypothesis) {
      if ((ancestor[hypothesis] != 0) == bad) return false;
      weights_[hypothesis] = 0;
      return true;
    });
    (bad ? good_bad_end_ : older_) = 0;
  }
  refresh();
}

void Belief::refresh() {
  if (older_ == 0) find_implied_good();
  if (good_bad_end_ == 0) find_implied_bad();
  shrink();
}

void Belief::find_implied_good() {
  for (std::size_t at = 0; at < open_.size(); ++at) {
    const Node node = open_.nodes[at];
    const auto suspicious = [&](std::uint32_t parent) { return states_[open_.nodes[parent]] != State::implied_good; };
    if (weights_[node] == 0 && std::ranges::none_of(open_.parents(at), suspicious)) {
      states_[node] = State::implied_good;
    }
  }
}

void Belief::find_implied_bad() {
  // A possible node that is implied bad itself is no ancestor of any open node.
  if (std::ranges::any_of(possible_, [&](Node node) { return states_[node] == State::implied_bad; })) return;
  std::vector<std::uint8_t> below(open_.size());
  std::vector<std::size_t> tips;
  for (std::size_t at = open_.size(); at-- > 0;) {
    const bool possible = weights_[open_.nodes[at]] > 0;
    if (possible && below[at] == 0) tips.push_back(at);
    if (!possible && below[at] == 0) continue;
    for (const std::uint32_t parent : open_.parents(at)) below[parent] = 1;
  }
  std::vector<std::uint8_t> implied(open_.size(), 1);
  std::vector<std::uint64_t> reached(open_.size());
  for (std::size_t first = 0; first < tips.size(); first += 64) {
    const std::size_t count = std::min<std::size_t>(64, tips.size() - first);
    std::ranges::fill(reached, 0);
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      reached[tips[first + i]] = std::uint64_t{1} << i;
      all |= std::uint64_t{1} << i;
    }
    for (std::size_t at = 0; at < open_.size(); ++at) {
      for (const std::uint32_t parent : open_.parents(at)) reached[at] |= reached[parent];
      if (reached[at] != all) implied[at] = 0;
    }
  }
  for (std::size_t at = 0; at < open_.size(); ++at) {
    if (implied[at] != 0 && open(open_.nodes[at])) states_[open_.nodes[at]] = State::implied_bad;
  }
}

void Belief::shrink() {
  OpenGraph left;
  std::vector<std::uint32_t> moved(open_.size());
  for (std::size_t at = 0; at < open_.size(); ++at) {
    if (!open(open_.nodes[at])) continue;
    moved[at] = static_cast<std::uint32_t>(left.size());
    left.nodes.push_back(open_.nodes[at]);
    for (const std::uint32_t parent : open_.parents(at)) {
      if (open(open_.nodes[parent])) left.edges.push_back(moved[parent]);
    }
    left.first_edge.push_back(static_cast<std::uint32_t>(left.edges.size()));
  }
  open_ = std::move(left);
}

double Belief::effective_size() const {
  const double total = this->total();
  double entropy = 0;
  const auto add = [&](double weight) {
    if (weight > 0) entropy -= weight / total * std::log2(weight / total);
  };
  for (const Node node : possible_) add(weights_[node]);
  add(older_);
  add(good_bad_end_);
  return std::exp2(entropy);
}

}  // namespace nmz::search
