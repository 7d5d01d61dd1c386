// See confirmed_plan.hpp.
#include "nmz/search/confirmed_plan.hpp"

#include <algorithm>
#include <utility>

#include "outcome_meaning.hpp"

namespace nmz::search {

ConfirmedPlan::ConfirmedPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options,
                             Confirm confirm)
    : graph_{&graph},
      checks_{std::move(checks)},
      options_{std::move(options)},
      confirm_{confirm},
      beside_others_{options_.workers > 1} {
  begin();
}

void ConfirmedPlan::begin() { plan_.emplace(*graph_, checks_, options_); }

std::vector<dispatch::Subject> ConfirmedPlan::next(std::size_t count) {
  if (stage_ != Stage::confirming) return plan_->next(count);
  std::vector<dispatch::Subject> subjects;
  for (Expected& one : expected_) {
    if (subjects.size() == count || is_stale(one.subject)) continue;
    if (!std::exchange(one.running, true)) subjects.push_back(one.subject);
  }
  return subjects;
}

void ConfirmedPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  last_confirmed_.reset();
  if (std::erase(stale_, subject) > 0) return;
  if (stage_ == Stage::confirming) return judge(subject, outcome);
  if (plan_->finished()) return;
  plan_->record(subject, outcome);
  mind(outcome);
}

void ConfirmedPlan::learn(dispatch::Subject subject, const job::Outcome& outcome) {
  if (stage_ != Stage::searching || plan_->finished()) return;
  last_confirmed_.reset();
  plan_->learn(subject, outcome);
  mind(outcome);
}

/// What has just been recorded may be doubtful, and may have been the last.
void ConfirmedPlan::mind(const job::Outcome& outcome) {
  disturbable_ = disturbable_ || outcome.disk_tight || (confirm_ == Confirm::unwatched && !outcome.watched);
  if (plan_->finished() && stage_ == Stage::searching && is_doubtful()) doubt();
}

bool ConfirmedPlan::is_doubtful() const {
  if (confirm_ == Confirm::never || confirm_ == Confirm::always) return confirm_ == Confirm::always;
  if (confirm_ == Confirm::beside) return beside_others_;
  return beside_others_ && (disturbable_ || (confirm_ == Confirm::unwatched && disturbed_ && disturbed_()));
}

/// What the answer stands on. Where tests contradict each other there is nothing to ask again but everything.
void ConfirmedPlan::doubt() {
  using Kind = BisectResult::Kind;
  stale_ = plan_->pointless();
  const BisectResult& result = plan_->result();
  switch (result.kind) {
    case Kind::found: {
      const Node culprit = result.suspects.front().node;
      expected_.push_back({culprit, Verdict::bad});
      for (const Node parent : tested_parents(culprit)) expected_.push_back({parent, Verdict::good});
      break;
    }
    case Kind::good_end_is_bad:
    case Kind::merge_base_is_bad:
      expected_.push_back({result.subject, Verdict::bad});
      break;
    case Kind::bad_end_is_good:
      expected_.push_back({result.subject, Verdict::good});
      break;
    case Kind::contradiction:
      return repeat();
    default:
      return;
  }
  stage_ = Stage::confirming;
}

/// Through commits that only connect; a good end that is trusted, or could not be tested, is none.
std::vector<Node> ConfirmedPlan::tested_parents(Node node) const {
  std::vector<Node> found;
  std::vector<Node> to_see(graph_->parents(node).begin(), graph_->parents(node).end());
  std::vector<bool> seen(graph_->size());
  while (!to_see.empty()) {
    const Node parent = to_see.back();
    to_see.pop_back();
    if (seen[parent]) continue;
    seen[parent] = true;
    if (graph_->role(parent) == Role::passage) {
      to_see.insert(to_see.end(), graph_->parents(parent).begin(), graph_->parents(parent).end());
    } else if (graph_->role(parent) != Role::good_end ||
               (!options_.search.trust_ends && plan_->verdict(parent) != Verdict::skip)) {
      found.push_back(parent);
    }
  }
  return found;
}

std::optional<Verdict> ConfirmedPlan::verdict_of(const job::Outcome& outcome) const {
  switch (meaning_of(outcome, options_.timeout_means, options_.matching)) {
    case Meaning::passed:
      return options_.find_fix ? Verdict::bad : Verdict::good;
    case Meaning::failed:
    case Meaning::failed_unexecuted:
      return options_.find_fix ? Verdict::good : Verdict::bad;
    case Meaning::skip:
      return Verdict::skip;
    default:
      return std::nullopt;
  }
}

void ConfirmedPlan::judge(dispatch::Subject subject, const job::Outcome& outcome) {
  const auto found = std::ranges::find(expected_, subject, &Expected::subject);
  if (found == expected_.end()) return;
  if (meaning_of(outcome, options_.timeout_means, options_.matching) == Meaning::nothing) return give_back(subject);
  const std::optional<Verdict> verdict = verdict_of(outcome);
  const bool agrees = verdict == found->verdict;
  last_confirmed_ = Confirmed{subject, verdict};
  expected_.erase(found);
  if (!agrees) repeat();
}

void ConfirmedPlan::repeat() {
  for (const Expected& one : expected_) {
    if (one.running) stale_.push_back(one.subject);
  }
  expected_.clear();
  stage_ = Stage::repeating;
  options_.workers = 1;
  begin();
}

void ConfirmedPlan::give_back(dispatch::Subject subject) {
  if (std::erase(stale_, subject) > 0) return;
  if (stage_ != Stage::confirming) return plan_->give_back(subject);
  const auto found = std::ranges::find(expected_, subject, &Expected::subject);
  if (found != expected_.end()) found->running = false;
}

bool ConfirmedPlan::is_stale(dispatch::Subject subject) const {
  return std::ranges::find(stale_, subject) != stale_.end();
}

std::vector<dispatch::Subject> ConfirmedPlan::pointless() const {
  if (stage_ == Stage::confirming && !finished()) return stale_;
  std::vector<dispatch::Subject> useless = plan_->pointless();
  useless.insert(useless.end(), stale_.begin(), stale_.end());
  return useless;
}

bool ConfirmedPlan::finished() const { return plan_->finished() && expected_.empty(); }

void ConfirmedPlan::serialise() { plan_->serialise(); }

/// What is confirmed or repeated runs with nothing beside it.
void ConfirmedPlan::work_with(std::size_t workers) {
  if (stage_ != Stage::searching) return;
  beside_others_ = beside_others_ || workers > 1;
  options_.workers = workers;
  plan_->work_with(workers);
}

double ConfirmedPlan::rounds_left() const {
  return stage_ == Stage::confirming ? static_cast<double>(expected_.size()) : plan_->rounds_left();
}

std::optional<Verdict> ConfirmedPlan::verdict(dispatch::Subject subject) const {
  if (last_confirmed_ && last_confirmed_->subject == subject) return last_confirmed_->verdict;
  return plan_->verdict(subject);
}

}  // namespace nmz::search
