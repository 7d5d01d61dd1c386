// The rules around belief and choice: what may be probed, what a skipped end means, when the search is over.
//
// Ends are special in three ways. A verdict of their own beats any inference: a good end found bad ends the search even
// where the other verdicts would leave nothing that explains everything. A skipped end is taken for what it was given
// as, since nothing else can be learnt about it. And when the only explanation left is that the bug is older, the good
// ends are tested before that is claimed: several bugs at once look the same.
#include "nmz/search/search.hpp"

#include <algorithm>
#include <utility>

#include "partition.hpp"
#include "prediction_table.hpp"
#include "probe_choice.hpp"

namespace nmz::search {
namespace {

/// How far what is preferred is trusted: as far as may be, or less, or not at all. What is not trusted is shared
/// evenly.
constexpr double trust = 0.5;
constexpr double little_trust = 0.2;

}  // namespace

Search::Search(const CommitGraph& graph, SearchOptions options)
    : graph_{&graph},
      options_{std::move(options)},
      belief_{graph, options_.trust_ends ? 0 : options_.end_prior},
      untestability_{graph},
      closed_(graph.size()) {}

void Search::record(Node node, Verdict verdict) {
  const bool good_end = graph_->role(node) == Role::good_end;
  const bool bad_end = node == graph_->bad_end();
  if (verdict == Verdict::skip) {
    untestability_.record_skipped(node);
    allowance_.forget(node);
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

void Search::ask_prior() {
  if (asked_prior_ || !options_.prior || candidates_left() > options_.prior_limit) return;
  asked_prior_ = true;
  const std::vector<Node> candidates = belief_.candidates();
  if (candidates.size() < 2) return;
  const std::vector<double> weights = options_.prior(candidates);
  if (!weights.empty()) belief_.prefer(weights);
}

std::vector<Node> Search::choose(std::size_t count, std::span<const Node> in_flight) {
  if (ended() || count == 0) return {};
  const bool preferred = belief_.prefers();
  ask_prior();
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
  const auto table = [&](double trusted) {
    return PredictionTable{*graph_, belief_, options_.sample, count + running.size() + 1, trusted};
  };
  const auto rows = [&](const PredictionTable& weighed) {
    return choose_rows(weighed, distinct_probes(weighed, probes), running, count);
  };
  const PredictionTable even = table(0);
  const std::vector<std::size_t> plain = rows(even);
  std::vector<std::size_t> best = plain;
  if (belief_.prefers()) {
    if (!preferred) allowance_.begin(belief_, even, running);
    for (const double trusted : {trust, little_trust}) {
      const std::vector<std::size_t> preferring = rows(table(trusted));
      if (preferring.size() < plain.size() || !allowance_.allows(belief_, even, running, plain, preferring)) continue;
      best = preferring;
      break;
    }
    allowance_.choose(belief_, even, running, plain, best);
  }
  std::vector<Node> chosen;
  chosen.reserve(best.size());
  for (const std::size_t row : best) chosen.push_back(open[row]);
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
    found.push_back({.node = node, .share = belief_.weight(node, trust)});
    total += found.back().share;
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
