// What is still thought possible, and which tests could change that.
//
// A weight per hypothesis. Hypotheses about nodes ("this is the first bad commit", for a good end "the bug is older,
// and came this way") predict bad for the node and its descendants. Two more doubt the ends as a whole: "the bug is
// older than everything here" predicts bad everywhere, "the bad end is not bad" predicts good everywhere. The first
// exists beside the good ends' own hypotheses because side branches may have left before a good end: a command that
// always fails would otherwise look like a contradiction as soon as two such branches are found bad.
//
// Candidates begin alike. Where something is known of them beforehand there is a second weight for each beside that one
// (prefer()), and whoever weighs hypotheses says how far it is trusted: the even weights stay what the search answers
// to (allowance.hpp), and evidence rules out a hypothesis of any weight.
//
// A node is open while its verdict would rule something out. Everything else is implied, and stays implied as evidence
// only adds up, so the graph of open nodes is kept beside the belief and shrinks with it: late steps cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

/// The open nodes, ascending, and the edges between them as positions in `nodes`.
struct OpenGraph {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> first_edge{0};
  std::vector<std::uint32_t> edges;

  [[nodiscard]] std::size_t size() const { return nodes.size(); }
  [[nodiscard]] std::span<const std::uint32_t> parents(std::size_t at) const {
    return {edges.data() + first_edge[at], edges.data() + first_edge[at + 1]};
  }
};

class Belief {
 public:
  /// `end_prior`: for each hypothesis that doubts an end; 0 trusts them. The candidates share the rest evenly.
  Belief(const CommitGraph& graph, double end_prior);

  /// Rules out every hypothesis that predicted otherwise.
  void observe(Node node, bool bad);

  /// How probable the possible candidates are beforehand, relative to each other: a positive weight for each, in their
  /// order. Together they stay as probable as they were.
  void prefer(std::span<const double> weights);
  [[nodiscard]] bool prefers() const { return !preferred_.empty(); }

  [[nodiscard]] bool open(Node node) const { return states_[node] == State::open; }
  [[nodiscard]] const OpenGraph& open_graph() const { return open_; }
  /// Nodes whose hypothesis is still possible, ascending: candidates, good ends, and a bad end that is a passage
  /// ("bad, but none of the candidates is to blame").
  [[nodiscard]] std::span<const Node> possible() const { return possible_; }
  [[nodiscard]] double weight(Node node) const { return weights_[node]; }
  /// With this share of trust in what is preferred, 0..1.
  [[nodiscard]] double weight(Node node, double trust) const {
    return preferred_.empty() || weights_[node] == 0 ? weights_[node]
                                                     : weights_[node] + trust * (preferred_[node] - weights_[node]);
  }
  /// Of what is still possible; 1 to begin with.
  [[nodiscard]] double total() const;
  /// The possible candidates, ascending.
  [[nodiscard]] std::vector<Node> candidates() const;
  [[nodiscard]] double weight_of_older() const { return older_; }
  [[nodiscard]] double weight_of_good_bad_end() const { return good_bad_end_; }
  /// 2 to the power of the entropy: how many equally likely hypotheses would be as uncertain.
  [[nodiscard]] double effective_size() const;

 private:
  enum class State : std::uint8_t { open, implied_good, implied_bad };

  void set_priors(const CommitGraph& graph, double end_prior);
  /// Indexed by node: the node and those of its ancestors that are open.
  [[nodiscard]] std::vector<std::uint8_t> with_ancestors(Node node) const;
  void rule_out_everything();
  void refresh();
  void find_implied_good();
  void find_implied_bad();
  void shrink();

  std::vector<double> weights_;
  std::vector<double> preferred_;  ///< by node, the same as its weight where it is no candidate; empty = nothing is
  std::vector<bool> is_candidate_;
  double older_ = 0;
  double good_bad_end_ = 0;
  std::vector<State> states_;
  std::vector<Node> possible_;
  OpenGraph open_;
};

}  // namespace nmz::search
