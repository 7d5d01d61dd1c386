// The order of things: merge bases that have to be good come first, as git has it, since a bad one makes everything
// else pointless. Then whatever the belief finds most informative, with the ends among it unless they are trusted.
// Good ends beside the bad end's history wait until a worker has nothing better to do.
//
// Exit codes 126 and 127 are what a shell says about a command it cannot execute, but also what scripts end with when
// something they call is missing, which may well be the regression. They count as failures, and are believed once the
// command has passed anywhere. Until then the end that has to pass is tested next, trusted or not: if it ends so too,
// the command is at fault and no commit is.
#include "nmz/search/bisect_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "outcome_meaning.hpp"

namespace nmz::search {

BisectPlan::BisectPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options)
    : graph_{&graph},
      checks_{std::move(checks)},
      options_{std::move(options)},
      search_{graph, options_.search},
      subjects_(graph.size() + checks_.size()) {
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const bool trusted = options_.search.trust_ends && checks_[i].kind == Check::Kind::sibling_good;
    subjects_[graph.size() + i].settled = trusted;
  }
  for (const Node node : options_.skipped) {
    subjects_[node].settled = true;
    subjects_[node].verdict = Verdict::skip;
    search_.record(node, Verdict::skip);
  }
  conclude(0, {});
}

bool BisectPlan::is_kind(dispatch::Subject subject, Check::Kind kind) const {
  return is_check(subject) && checks_[subject - graph_->size()].kind == kind;
}

bool BisectPlan::available(dispatch::Subject subject) const {
  return !subjects_[subject].running && !subjects_[subject].settled;
}

bool BisectPlan::has_to_pass(dispatch::Subject subject) const {
  if (options_.find_fix) return subject == graph_->bad_end();
  return is_check(subject) || graph_->role(subject) == Role::good_end;
}

std::optional<dispatch::Subject> BisectPlan::passing_end() const {
  return options_.find_fix ? std::optional<dispatch::Subject>{graph_->bad_end()} : good_end();
}

std::optional<dispatch::Subject> BisectPlan::good_end() const {
  for (Node node = 0; node < graph_->size(); ++node) {
    if (graph_->role(node) == Role::good_end) return node;
  }
  return checks_.empty() ? std::nullopt : std::optional{static_cast<dispatch::Subject>(graph_->size())};
}

std::optional<dispatch::Subject> BisectPlan::missing_proof() const {
  if (!unexecuted_somewhere_ || passed_somewhere_) return std::nullopt;
  const std::optional<dispatch::Subject> end = passing_end();
  return end && !subjects_[*end].verdict ? end : std::nullopt;
}

/// Where the first tests all say the same, the end that says otherwise may not be what it was given as, and is asked
/// next: a command that always fails is noticed after three tests.
std::optional<dispatch::Subject> BisectPlan::end_in_doubt() const {
  constexpr std::size_t enough = 2;
  std::optional<dispatch::Subject> end;
  if (options_.search.trust_ends) return std::nullopt;
  const bool nothing_builds = goods_ + bads_ + other_skips_ == 0 && failed_builds_ >= enough;
  if (nothing_builds || (goods_ >= enough && bads_ == 0)) {
    end = graph_->bad_end();
  } else if (bads_ >= enough && goods_ == 0) {
    end = good_end();
  }
  return end && !subjects_[*end].settled ? end : std::nullopt;
}

/// And it will at the rest, as far as anybody can tell.
bool BisectPlan::build_fails_everywhere() const {
  constexpr std::size_t enough = 5;
  return !options_.keep_going && failed_builds_ >= enough && goods_ + bads_ + other_skips_ == 0 &&
         (options_.search.trust_ends || subjects_[graph_->bad_end()].settled);
}

bool BisectPlan::checks_settled() const {
  return std::all_of(subjects_.begin() + static_cast<std::ptrdiff_t>(graph_->size()), subjects_.end(),
                     [](const Subject& check) { return check.settled; });
}

std::vector<Node> BisectPlan::running_nodes() const {
  std::vector<Node> nodes;
  std::ranges::copy_if(running_, std::back_inserter(nodes), [&](auto subject) { return !is_check(subject); });
  return nodes;
}

void BisectPlan::append_checks(std::vector<dispatch::Subject>& chosen, Check::Kind kind, std::size_t count) const {
  for (std::size_t i = 0; i < checks_.size() && chosen.size() < count; ++i) {
    const auto subject = static_cast<dispatch::Subject>(graph_->size() + i);
    const bool is_chosen = std::ranges::find(chosen, subject) != chosen.end();
    if (checks_[i].kind == kind && available(subject) && !is_chosen) chosen.push_back(subject);
  }
}

std::vector<dispatch::Subject> BisectPlan::choose(std::size_t count) {
  std::vector<dispatch::Subject> chosen;
  append_checks(chosen, Check::Kind::merge_base, count);
  std::vector<Node> in_flight = running_nodes();
  for (const std::optional<dispatch::Subject>& end : {missing_proof(), end_in_doubt()}) {
    const bool wanted = end && chosen.size() < count && !subjects_[*end].running;
    if (!wanted || std::ranges::find(chosen, *end) != chosen.end()) continue;
    chosen.push_back(*end);
    if (!is_check(*end)) in_flight.push_back(*end);
  }
  if (retreating()) {
    append_retreat(chosen, count);
    return chosen;
  }
  for (const Node node : search_.choose(count - chosen.size(), in_flight)) chosen.push_back(node);
  append_checks(chosen, Check::Kind::sibling_good, count);
  return chosen;
}

bool BisectPlan::worth_trying(Node step) const { return available(step) && search_.informative(step); }

/// The bad end has to be tested as well, and is when there is nothing else to do.
void BisectPlan::append_retreat(std::vector<dispatch::Subject>& chosen, std::size_t count) const {
  const auto append = [&](Node node) {
    const bool is_chosen = std::ranges::find(chosen, node) != chosen.end();
    if (chosen.size() < count && worth_trying(node) && !is_chosen) chosen.push_back(node);
  };
  std::ranges::for_each(options_.retreat, append);
  if (!options_.search.trust_ends) append(graph_->bad_end());
}

std::vector<dispatch::Subject> BisectPlan::next(std::size_t count) {
  if (finished()) return {};
  std::vector<dispatch::Subject> handed_out;
  if (options_.strategy == Strategy::adaptive) {
    handed_out = choose(count);
  } else {
    if (round_.empty() && running_.empty()) {
      const std::vector<dispatch::Subject> round = choose(std::max<std::size_t>(options_.workers, 1));
      round_.assign(round.begin(), round.end());
    }
    while (handed_out.size() < count && !round_.empty()) {
      handed_out.push_back(round_.front());
      round_.pop_front();
    }
  }
  for (const dispatch::Subject subject : handed_out) {
    subjects_[subject].running = true;
    running_.push_back(subject);
  }
  return handed_out;
}

void BisectPlan::stop_running(dispatch::Subject subject) {
  subjects_[subject].running = false;
  std::erase(running_, subject);
}

void BisectPlan::give_back(dispatch::Subject subject) {
  if (!subjects_[subject].running) return;
  stop_running(subject);
  if (options_.strategy == Strategy::rounds) round_.push_front(subject);
}

void BisectPlan::learn(dispatch::Subject subject, const job::Outcome& outcome) {
  if (finished() || !available(subject)) return;
  subjects_[subject].running = true;
  running_.push_back(subject);
  record(subject, outcome);
}

void BisectPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  if (!subjects_[subject].running) return;
  const Meaning meaning = meaning_of(outcome, options_.timeout_means, options_.matching);
  if (meaning == Meaning::nothing) return give_back(subject);
  stop_running(subject);
  if (finished()) return;
  const bool unexecuted = looks_unexecuted(outcome) && !outcome.disk_full;
  if (meaning == Meaning::abort) return end(BisectResult::Kind::aborted, subject, outcome);
  if (meaning == Meaning::command_failed || (unexecuted && has_to_pass(subject))) {
    return end(BisectResult::Kind::command_failed, subject, outcome);
  }
  if (meaning == Meaning::skip) {
    const bool build = outcome.kind == job::OutcomeKind::build_failed;
    ++(build ? failed_builds_ : other_skips_);
    settle(subject, outcome, Verdict::skip);
    if (build && !finished() && build_fails_everywhere()) {
      const bool end_failed = subjects_[graph_->bad_end()].settled;
      end(BisectResult::Kind::build_fails, end_failed ? graph_->bad_end() : subject, outcome);
    }
    return;
  }
  const bool passed = meaning == Meaning::passed;
  passed_somewhere_ |= passed;
  unexecuted_somewhere_ |= meaning == Meaning::failed_unexecuted;
  settle(subject, outcome, passed != options_.find_fix ? Verdict::good : Verdict::bad);
}

void BisectPlan::settle(dispatch::Subject subject, const job::Outcome& outcome, Verdict verdict) {
  subjects_[subject].settled = true;
  subjects_[subject].verdict = verdict;
  if (verdict != Verdict::skip) ++(verdict == Verdict::good ? goods_ : bads_);
  if (!is_check(subject)) {
    search_.record(subject, verdict);
  } else if (verdict == Verdict::bad) {
    const bool merge_base = is_kind(subject, Check::Kind::merge_base);
    return end(merge_base ? BisectResult::Kind::merge_base_is_bad : BisectResult::Kind::good_end_is_bad, subject,
               outcome);
  }
  conclude(subject, outcome);
}

void BisectPlan::end(BisectResult::Kind kind, dispatch::Subject subject, const job::Outcome& outcome) {
  result_.kind = kind;
  result_.subject = subject;
  result_.outcome = outcome;
  round_.clear();
}

void BisectPlan::conclude(dispatch::Subject last, const job::Outcome& outcome) {
  using Kind = BisectResult::Kind;
  if (retreating()) return conclude_retreat(outcome);
  Conclusion conclusion = search_.conclusion();
  switch (conclusion.kind) {
    case Conclusion::Kind::undecided:
      return;
    case Conclusion::Kind::good_end_is_bad:
      return end(Kind::good_end_is_bad, last, outcome);
    case Conclusion::Kind::bad_end_is_good:
      return end(Kind::bad_end_is_good, last, outcome);
    case Conclusion::Kind::found:
    case Conclusion::Kind::only_skipped:
    case Conclusion::Kind::contradiction:
      break;
  }
  if (missing_proof() || !checks_settled()) return;
  if (conclusion.kind == Conclusion::Kind::contradiction) return end(Kind::contradiction, last, outcome);
  const auto given = [](Verdict verdict) {
    return [verdict](const Subject& subject) { return subject.verdict == verdict; };
  };
  const bool only_skips = std::ranges::any_of(subjects_, given(Verdict::skip)) &&
                          std::ranges::none_of(subjects_, given(Verdict::good)) &&
                          std::ranges::none_of(subjects_, given(Verdict::bad));
  const bool found = conclusion.kind == Conclusion::Kind::found;
  end(only_skips ? Kind::nothing_testable : (found ? Kind::found : Kind::only_skipped), last, outcome);
  if (found) result_.subject = conclusion.suspects.front().node;
  result_.suspects = std::move(conclusion.suspects);
}

void BisectPlan::conclude_retreat(const job::Outcome& outcome) {
  using Kind = BisectResult::Kind;
  std::optional<Node> oldest;
  for (const Node step : options_.retreat) {
    if (search_.informative(step) && !subjects_[step].settled) return;
    if (subjects_[step].verdict == Verdict::bad && step < oldest.value_or(graph_->bad_end())) oldest = step;
  }
  end(oldest ? Kind::no_good_end : Kind::nothing_testable, oldest.value_or(graph_->bad_end()), outcome);
  if (oldest) return;
  for (const Node step : options_.retreat) {
    result_.suspects.push_back({.node = step, .share = 1.0 / static_cast<double>(options_.retreat.size())});
  }
}

std::vector<dispatch::Subject> BisectPlan::pointless() const {
  if (finished()) return running_;
  std::vector<dispatch::Subject> useless;
  if (options_.strategy == Strategy::rounds) return useless;
  const std::optional<dispatch::Subject> proof = missing_proof();
  const std::optional<dispatch::Subject> doubted = end_in_doubt();
  std::ranges::copy_if(running_, std::back_inserter(useless), [&](dispatch::Subject subject) {
    return !is_check(subject) && proof != subject && doubted != subject && !search_.informative(subject);
  });
  return useless;
}

/// The rest of a round was chosen for several at once; one at a time the next is chosen after each.
void BisectPlan::serialise() {
  serial_ = true;
  options_.workers = 1;
  options_.strategy = Strategy::adaptive;
  round_.clear();
}

void BisectPlan::work_with(std::size_t workers) {
  if (!serial_) options_.workers = workers;
}

bool BisectPlan::finished() const { return result_.kind != BisectResult::Kind::unfinished; }

const BisectResult& BisectPlan::result() const { return result_; }

std::size_t BisectPlan::candidates_left() const { return search_.candidates_left(); }

double BisectPlan::rounds_left() const {
  if (finished()) return 0;
  const auto workers = static_cast<double>(std::max<std::size_t>(options_.workers, 1));
  return std::max(1.0, std::log(search_.effective_size()) / std::log(workers + 1));
}

std::optional<Verdict> BisectPlan::verdict(dispatch::Subject subject) const { return subjects_[subject].verdict; }

}  // namespace nmz::search
