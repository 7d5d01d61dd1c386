// The rules around belief and choice: what may be probed, what a skipped end means, when the search is over.
//
// Ends are special in three ways. A verdict of their own beats any inference: a good end found bad ends the search even
// where the other verdicts would leave nothing that explains everything. A skipped end is taken for what it was given
// as, since nothing else can be learnt about it. And when the only explanation left is that the bug is older, the good
// ends are tested before that is claimed: several bugs at once look the same.
#include "nmz/search/search.hpp"

#include <algorithm>

#include "partition.hpp"
#include "prediction_table.hpp"
#include "probe_choice.hpp"

namespace nmz::search {

Search::Search(const CommitGraph& graph, SearchOptions options)
    : graph_{&graph},
      options_{options},
      belief_{graph, options.trust_ends ? 0 : options.end_prior},
      untestability_{graph},
      closed_(graph.size()) {}

void Search::record(Node node, Verdict verdict) {
  const bool good_end = graph_->role(node) == Role::good_end;
  const bool bad_end = node == graph_->bad_end();
  if (verdict == Verdict::skip) {
    untestability_.record_skipped(node);
    closed_[node] = true;
    if (good_end || bad_end) belief_.observe(node, bad_end);
    return;
  }
  untestability_.record_testable(node);
  if (good_end) closed_[node] = true;
  const bool bad = verdict == Verdict::bad;
  if (good_end && bad && !bad_good_end_) bad_good_end_ = node;
  if (bad_end && !bad) bad_end_is_good_ = true;
  belief_.observe(node, bad);
}

bool Search::testable(Node node) const {
  return !closed_[node] && (graph_->role(node) != Role::passage || node == graph_->bad_end());
}

bool Search::needs_own_test(Node good_end) const {
  if (graph_->role(good_end) != Role::good_end || closed_[good_end] || candidates_left() > 0) return false;
  return belief_.weight(good_end) > 0 || belief_.weight_of_older() > 0;
}

bool Search::informative(Node node) const { return !ended() && (belief_.open(node) || needs_own_test(node)); }

std::size_t Search::candidates_left() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(belief_.possible(), [&](Node node) { return graph_->role(node) == Role::candidate; }));
}

double Search::effective_size() const { return ended() ? 1 : belief_.effective_size(); }

std::vector<Node> Search::choose(std::size_t count, std::span<const Node> in_flight) const {
  if (ended() || count == 0) return {};
  const std::vector<Node>& open = belief_.open_graph().nodes;
  std::vector<Probe> probes;
  std::vector<std::size_t> running;
  for (std::size_t at = 0; at < open.size(); ++at) {
    if (std::ranges::find(in_flight, open[at]) != in_flight.end()) {
      running.push_back(at);
    } else if (testable(open[at])) {
      probes.push_back(
          {.row = at, .chance = 1 - untestability_.probability(open[at]), .possible = belief_.weight(open[at]) > 0});
    }
  }
  if (probes.empty()) return fallback(in_flight);
  const PredictionTable table{*graph_, belief_, options_.sample, count + running.size() + 1};
  probes = distinct_probes(table, std::move(probes));
  std::vector<Node> chosen;
  for (const std::size_t row : choose_rows(table, probes, running, count)) chosen.push_back(open[row]);
  return chosen.empty() ? fallback(in_flight) : chosen;
}

std::vector<double> Search::gains(std::span<const Node> in_flight) const {
  std::vector<double> gains(graph_->size());
  if (ended()) return gains;
  const std::vector<Node>& open = belief_.open_graph().nodes;
  const PredictionTable table{*graph_, belief_, options_.sample, in_flight.size() + 2};
  Partition partition{pieces_of(table.weights())};
  for (std::size_t at = 0; at < open.size(); ++at) {
    if (std::ranges::find(in_flight, open[at]) != in_flight.end()) partition.split(table.row(at));
  }
  for (std::size_t at = 0; at < open.size(); ++at) {
    if (!testable(open[at])) continue;
    gains[open[at]] = partition.gain(table.row(at)) * (1 - untestability_.probability(open[at]));
  }
  return gains;
}

/// For when the sample shows no difference although there is one, and for the ends once no candidate is left.
std::vector<Node> Search::fallback(std::span<const Node> in_flight) const {
  if (!in_flight.empty()) return {};
  for (const Node node : belief_.open_graph().nodes) {
    if (testable(node)) return {node};
  }
  for (Node node = 0; node < graph_->size(); ++node) {
    if (needs_own_test(node)) return {node};
  }
  return {};
}

std::vector<Suspect> Search::suspects() const {
  std::vector<Suspect> found;
  double total = 0;
  for (const Node node : belief_.possible()) {
    if (graph_->role(node) != Role::candidate) continue;
    found.push_back({.node = node, .share = belief_.weight(node)});
    total += belief_.weight(node);
  }
  for (Suspect& suspect : found) suspect.share /= total;
  return found;
}

Conclusion Search::conclusion() const {
  using Kind = Conclusion::Kind;
  if (bad_good_end_) return {.kind = Kind::good_end_is_bad, .suspects = {{.node = *bad_good_end_, .share = 1}}};
  if (bad_end_is_good_) return {.kind = Kind::bad_end_is_good, .suspects = {{.node = graph_->bad_end(), .share = 1}}};
  const std::vector<Node>& open = belief_.open_graph().nodes;
  if (std::ranges::any_of(open, [&](Node node) { return testable(node); }))
    return {.kind = Kind::undecided, .suspects = {}};
  std::vector<Suspect> left = suspects();
  if (left.empty()) {
    for (Node node = 0; node < graph_->size(); ++node) {
      if (needs_own_test(node)) return {.kind = Kind::undecided, .suspects = {}};
    }
    return {.kind = Kind::contradiction, .suspects = {}};
  }
  const bool doubts =
      belief_.possible().size() > left.size() || belief_.weight_of_older() > 0 || belief_.weight_of_good_bad_end() > 0;
  const bool found = left.size() == 1 && !doubts;
  return {.kind = found ? Kind::found : Kind::only_skipped, .suspects = std::move(left)};
}

}  // namespace nmz::search
