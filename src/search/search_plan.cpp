#include "nmz/search/search_plan.hpp"

#include <algorithm>

namespace nmz::search {

using dispatch::Subject;

SearchPlan::SearchPlan(const CommitGraph& graph, std::vector<Check> checks, SearchPlanOptions options)
    : graph_{&graph},
      checks_{std::move(checks)},
      options_{std::move(options)},
      certain_{graph, checks_, options_.bisect, options_.confirm} {
  if (options_.flaky) noisy_ = std::make_unique<NoisyPlan>(graph, checks_, options_.bisect, options_.noisy);
}

std::vector<Subject> SearchPlan::next(std::size_t count) { return noisy_ ? noisy_->next(count) : certain_.next(count); }

void SearchPlan::record(Subject subject, const job::Outcome& outcome) {
  noisy_ ? noisy_->record(subject, outcome) : take(subject, outcome, &ConfirmedPlan::record);
}

void SearchPlan::learn(Subject commit, const job::Outcome& outcome) {
  if (!noisy_) take(commit, outcome, &ConfirmedPlan::learn);
}

void SearchPlan::take(Subject subject, const job::Outcome& outcome, Recording recording) {
  const Stage before = certain_.stage();
  const bool known = certain_.verdict(subject).has_value();
  (certain_.*recording)(subject, outcome);
  const bool repeats = certain_.stage() != before && certain_.stage() == Stage::repeating;
  if (repeats && certain_.beside_others()) return seen_.clear();  // they were disturbed
  remember(subject, known);
  if (repeats) return go_on_with_noise(std::nullopt);  // by nothing: the test itself is not always right
  if (certain_.finished()) look_for_contradiction();
}

/// A verdict that was known before is seen again only where it is asked for again.
void SearchPlan::remember(Subject subject, bool known_before) {
  const std::optional<Verdict> verdict = certain_.verdict(subject);
  if (verdict && (!known_before || certain_.last_confirms())) seen_.push_back({subject, *verdict});
}

std::vector<bool> SearchPlan::descendants(Node node) const {
  std::vector<bool> below(graph_->size());
  below[node] = true;
  for (Node at = node; at < graph_->size(); ++at) {
    for (const Node parent : graph_->parents(at)) {
      if (below[parent]) below[at] = true;
    }
  }
  return below;
}

bool SearchPlan::saw(Verdict verdict, const std::vector<bool>& among) const {
  return std::ranges::any_of(
      seen_, [&](const Seen& one) { return one.verdict == verdict && one.commit < among.size() && among[one.commit]; });
}

void SearchPlan::look_for_contradiction() {
  using Kind = BisectResult::Kind;
  const BisectResult& result = certain_.result();
  if (result.kind == Kind::contradiction) return go_on_with_noise(std::nullopt);
  const bool of_node = result.subject < graph_->size();
  const auto node = static_cast<Node>(result.subject);
  const bool bad_good_end = result.kind == Kind::good_end_is_bad && of_node && saw(Verdict::good, descendants(node));
  const bool good_bad_end =
      result.kind == Kind::bad_end_is_good && saw(Verdict::bad, std::vector<bool>(graph_->size(), true));
  if (bad_good_end || good_bad_end) go_on_with_noise(result);
}

/// What was given as good and is bad although all after it is good, or the other way round, may stand by it.
void SearchPlan::go_on_with_noise(std::optional<BisectResult> of_end) {
  contradiction_ = find_contradiction();
  if (!contradiction_) return;
  options_.bisect.retreat.clear();
  noisy_ = std::make_unique<NoisyPlan>(*graph_, checks_, options_.bisect, options_.noisy);
  for (const Seen& one : seen_) noisy_->learn(one.commit, one.verdict);
  for (const Subject running : certain_.pointless()) noisy_->adopt(running);
  if (of_end) noisy_->doubt_end(of_end->subject, of_end->kind);
  if (serial_ || certain_.one_at_a_time()) noisy_->serialise();
}

std::optional<Contradiction> SearchPlan::find_contradiction() const {
  std::optional<Contradiction> across;
  for (const Seen& bad : seen_) {
    if (bad.verdict != Verdict::bad || bad.commit >= graph_->size()) continue;
    const std::vector<bool> below = descendants(bad.commit);
    for (const Seen& good : seen_) {
      if (good.verdict != Verdict::good || good.commit >= graph_->size()) continue;
      if (below[good.commit]) return Contradiction{bad.commit, good.commit};
      across = Contradiction{bad.commit, good.commit};  // two branches, each with a bug of its own
    }
  }
  return across;
}

void SearchPlan::give_back(Subject subject) { noisy_ ? noisy_->give_back(subject) : certain_.give_back(subject); }

std::vector<Subject> SearchPlan::pointless() const { return noisy_ ? noisy_->pointless() : certain_.pointless(); }

bool SearchPlan::finished() const { return noisy_ ? noisy_->finished() : certain_.finished(); }

bool SearchPlan::one_at_a_time() const { return noisy_ ? noisy_->one_at_a_time() : certain_.one_at_a_time(); }

void SearchPlan::serialise() {
  serial_ = true;
  if (noisy_) noisy_->serialise();
  certain_.serialise();
}

void SearchPlan::work_with(std::size_t workers) {
  options_.bisect.workers = workers;
  if (noisy_) noisy_->work_with(workers);
  certain_.work_with(workers);
}

Subject SearchPlan::commit_of(Subject subject) const { return noisy_ ? noisy_->commit_of(subject) : subject; }

std::uint32_t SearchPlan::number_of(Subject subject) const { return noisy_ ? noisy_->number_of(subject) : 1; }

std::size_t SearchPlan::candidates_left() const {
  return noisy_ ? noisy_->candidates_left() : certain_.candidates_left();
}

std::optional<Verdict> SearchPlan::verdict(Subject subject) const {
  return noisy_ ? noisy_->verdict(subject) : certain_.verdict(subject);
}

std::optional<Verdict> SearchPlan::in_truth(Subject commit) const {
  if (!noisy_ || result().kind != BisectResult::Kind::found || commit >= graph_->size()) return std::nullopt;
  return descendants(result().suspects.front().node)[commit] ? Verdict::bad : Verdict::good;
}

}  // namespace nmz::search
