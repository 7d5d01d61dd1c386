#include "oracle.hpp"

#include <algorithm>

#include "random_graph.hpp"

namespace nmz::search {
namespace {

using Kind = Hypothesis::Kind;

}  // namespace

std::vector<Hypothesis> all_hypotheses(const CommitGraph& graph, bool trust_ends) {
  std::vector<Hypothesis> all;
  bool good_ends = false;
  bool older_is_known = false;
  const std::vector<bool> everything(graph.size(), true);
  for (Node node = 0; node < graph.size(); ++node) {
    const std::vector<bool> bad = bad_nodes(graph, node);
    if (graph.role(node) == Role::candidate) all.push_back({Kind::culprit, node, bad});
    if (trust_ends || graph.role(node) != Role::good_end) continue;
    all.push_back({Kind::bad_good_end, node, bad});
    good_ends = true;
    older_is_known |= bad == everything;
  }
  if (trust_ends) return all;
  const Node end = graph.bad_end();
  if (good_ends && !older_is_known) all.push_back({Kind::older, 0, everything});
  if (graph.role(end) == Role::passage) all.push_back({Kind::blameless_bad_end, end, bad_nodes(graph, end)});
  all.push_back({Kind::good_bad_end, end, std::vector<bool>(graph.size())});
  return all;
}

Oracle::Oracle(const CommitGraph& graph, bool trust_ends)
    : graph_{&graph}, possible_{all_hypotheses(graph, trust_ends)} {}

void Oracle::record(Node node, Verdict verdict) {
  const bool good_end = graph_->role(node) == Role::good_end;
  const bool bad_end = node == graph_->bad_end();
  if (good_end && verdict == Verdict::bad) good_end_is_bad_ = true;
  if (bad_end && verdict == Verdict::good) bad_end_is_good_ = true;
  if (good_end) tested_good_ends_.insert(node);
  if (verdict == Verdict::skip) {
    skipped_.insert(node);
    if (!good_end && !bad_end) return;
    verdict = bad_end ? Verdict::bad : Verdict::good;
  }
  std::erase_if(possible_, [&](const Hypothesis& h) { return h.bad[node] != (verdict == Verdict::bad); });
}

std::vector<Node> Oracle::suspects() const {
  std::vector<Node> nodes;
  for (const Hypothesis& hypothesis : possible_) {
    if (hypothesis.kind == Kind::culprit) nodes.push_back(hypothesis.node);
  }
  return nodes;
}

bool Oracle::testable(Node node) const {
  if (skipped_.contains(node)) return false;
  return graph_->role(node) != Role::passage || node == graph_->bad_end();
}

bool Oracle::informative(Node node) const {
  if (good_end_is_bad_ || bad_end_is_good_) return false;
  const auto predicts_bad = [&](const Hypothesis& h) { return h.bad[node]; };
  if (std::ranges::any_of(possible_, predicts_bad) && !std::ranges::all_of(possible_, predicts_bad)) return true;
  // That a good end is bad is never claimed without its own test.
  if (graph_->role(node) != Role::good_end || tested_good_ends_.contains(node) || !suspects().empty()) return false;
  return std::ranges::any_of(possible_, [&](const Hypothesis& h) {
    return h.kind == Kind::older || (h.kind == Kind::bad_good_end && h.node == node);
  });
}

Conclusion::Kind Oracle::conclusion() const {
  if (good_end_is_bad_) return Conclusion::Kind::good_end_is_bad;
  if (bad_end_is_good_) return Conclusion::Kind::bad_end_is_good;
  for (Node node = 0; node < graph_->size(); ++node) {
    if (worth_testing(node)) return Conclusion::Kind::undecided;
  }
  const std::size_t count = suspects().size();
  if (count == 0) return Conclusion::Kind::contradiction;
  return possible_.size() == 1 ? Conclusion::Kind::found : Conclusion::Kind::only_skipped;
}

}  // namespace nmz::search
