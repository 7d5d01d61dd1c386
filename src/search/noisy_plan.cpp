#include "nmz/search/noisy_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "noisy_choice.hpp"
#include "outcome_meaning.hpp"

namespace nmz::search {

using dispatch::Subject;

namespace {

/// Verdicts of an end, all alike, until it is believed against others.
constexpr std::uint32_t enough_of_an_end = 3;
constexpr std::size_t most_suspects = 20;
constexpr double least_share = 0.0005;

}  // namespace

NoisyPlan::NoisyPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options, NoisyOptions noisy)
    : graph_{&graph},
      checks_{std::move(checks)},
      options_{std::move(options)},
      noisy_{noisy},
      posterior_{graph, noisy.noise},
      untestability_{graph},
      commits_(graph.size() + checks_.size()),
      verdicts_(commits_.size()) {
  for (Node node = 0; node < graph.size(); ++node) {
    const bool passage = graph.role(node) == Role::passage && node != graph.bad_end();
    const bool end = graph.role(node) == Role::good_end || node == graph.bad_end();
    commits_[node].closed = passage || (end && options_.search.trust_ends);
  }
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    const bool trusted = options_.search.trust_ends && checks_[i].kind == Check::Kind::sibling_good;
    commits_[graph.size() + i].closed = trusted;
  }
  if (options_.search.trust_ends) trust_ends();
  for (const Node node : options_.skipped) learn(node, Verdict::skip);
}

/// What nobody tests is believed to have been tested, and to have stood by its verdict: otherwise a test that fails
/// everywhere between the ends would be one that fails everywhere, and no number of tests could tell.
void NoisyPlan::trust_ends() {
  for (std::uint32_t n = 0; n < enough_of_an_end; ++n) {
    for (Node node = 0; node < graph_->size(); ++node) {
      if (graph_->role(node) == Role::good_end) posterior_.observe(node, Shown::pass);
    }
    posterior_.observe(graph_->bad_end(), Shown::failure);
  }
}

Subject NoisyPlan::commit_of(Subject trial) const {
  return trial < commits_.size() ? trial : repeats_.at(trial - commits_.size()).commit;
}

std::uint32_t NoisyPlan::number_of(Subject trial) const {
  return trial < commits_.size() ? 1 : repeats_.at(trial - commits_.size()).number;
}

std::optional<Verdict> NoisyPlan::verdict(Subject trial) const { return verdicts_.at(trial); }

void NoisyPlan::learn(Subject commit, Verdict verdict) {
  ++commits_[commit].begun;
  verdicts_[commit] = verdict;
  if (verdict == Verdict::skip) {
    commits_[commit].closed = something_closed_ = true;
    if (!is_check(commit)) untestability_.record_skipped(commit);
  } else {
    take(commit, verdict == Verdict::good ? Shown::pass : Shown::failure);
  }
}

void NoisyPlan::adopt(Subject commit) {
  ++commits_[commit].begun;
  running_.push_back(commit);
}

void NoisyPlan::doubt_end(Subject commit, BisectResult::Kind kind) { doubted_end_ = DoubtedEnd{commit, kind}; }

bool NoisyPlan::has_to_pass(Subject commit) const {
  if (options_.find_fix) return commit == graph_->bad_end();
  return is_check(commit) || graph_->role(commit) == Role::good_end;
}

/// That a test of the node tells whether it passes.
double NoisyPlan::chance(Node node) const {
  const Commit& it = commits_[node];
  if (it.closed) return 0;
  const std::uint32_t verdicts = it.good + it.bad;
  const double no_timeout = (verdicts + 1.0) / (verdicts + it.timeouts + 1.0);
  return no_timeout * (verdicts > 0 ? 1 : 1 - untestability_.probability(node));
}

/// How many tests more may be begun.
std::size_t NoisyPlan::allowed() const {
  if (noisy_.max_tests == 0) return commits_.max_size();
  const std::size_t begun = tests_ + running_.size() + returned_.size();
  return noisy_.max_tests - std::min(begun, noisy_.max_tests);
}

/// Commits to be tested now; a commit may be there more than once.
std::vector<Subject> NoisyPlan::choose(std::size_t count) const {
  std::vector<Subject> chosen;
  for (std::size_t i = 0; i < checks_.size() && chosen.size() < count; ++i) {
    const auto commit = static_cast<Subject>(graph_->size() + i);
    if (commits_[commit].begun == 0 && !commits_[commit].closed) chosen.push_back(commit);
  }
  if (doubted_end_ && !commits_[doubted_end_->commit].closed) {
    const std::uint32_t begun = commits_[doubted_end_->commit].begun;
    for (std::uint32_t n = begun; n < enough_of_an_end && chosen.size() < count; ++n) {
      chosen.push_back(doubted_end_->commit);
    }
  }
  std::vector<Node> in_flight;
  for (const Subject trial : running_) {
    if (!is_check(commit_of(trial))) in_flight.push_back(commit_of(trial));
  }
  for (const Subject commit : chosen) {
    if (!is_check(commit)) in_flight.push_back(commit);
  }
  for (const Node node : choose_trials(*graph_, posterior_, noisy_.noise.sample, in_flight, count - chosen.size(),
                                       [this](Node at) { return chance(at); })) {
    chosen.push_back(node);
  }
  return chosen;
}

Subject NoisyPlan::begin(Subject commit) {
  Commit& it = commits_[commit];
  if (++it.begun == 1) return commit;
  repeats_.push_back({commit, it.begun});
  verdicts_.emplace_back();
  return static_cast<Subject>(commits_.size() + repeats_.size() - 1);
}

/// Of those that the tests have left probable, when they are few enough; the others are as they were.
void NoisyPlan::ask_prior() {
  const search::SearchOptions& search = options_.search;
  if (asked_prior_ || !search.prior || posterior_.effective_size() > static_cast<double>(search.prior_limit)) return;
  const double least = 0.01 / static_cast<double>(graph_->size());
  std::vector<Node> probable;
  for (Node node = 0; node < graph_->size(); ++node) {
    if (posterior_.share(node) > least) probable.push_back(node);
  }
  if (probable.size() > search.prior_limit) return;
  asked_prior_ = true;
  if (probable.size() < 2) return;
  const std::vector<double> weights = search.prior(probable);
  if (!weights.empty()) posterior_.prefer(probable, weights);
}

std::vector<Subject> NoisyPlan::next(std::size_t count) {
  std::vector<Subject> trials;
  if (finished()) return trials;
  ask_prior();
  for (; trials.size() < count && !returned_.empty(); returned_.pop_front()) trials.push_back(returned_.front());
  running_.insert(running_.end(), trials.begin(), trials.end());
  const bool rounds = options_.strategy == Strategy::rounds;
  if (round_.empty() && (!rounds || running_.empty())) {
    const std::size_t wanted = rounds ? std::max<std::size_t>(options_.workers, 1) : count - trials.size();
    if (const std::size_t most = std::min(wanted, allowed()); most > 0) {
      const std::vector<Subject> chosen = choose(most);
      round_.assign(chosen.begin(), chosen.end());
    }
    if (round_.empty() && running_.empty()) end_undecided();
  }
  for (; trials.size() < count && !round_.empty(); round_.pop_front()) {
    trials.push_back(begin(round_.front()));
    running_.push_back(trials.back());
  }
  return trials;
}

void NoisyPlan::give_back(Subject trial) {
  if (std::erase(running_, trial) > 0) returned_.push_back(trial);
}

void NoisyPlan::record(Subject trial, const job::Outcome& outcome) {
  if (std::ranges::find(running_, trial) == running_.end()) return;
  const Meaning meaning = meaning_of(outcome, options_.timeout_means, options_.matching);
  if (meaning == Meaning::nothing) return give_back(trial);
  std::erase(running_, trial);
  if (finished()) return;
  const Subject commit = commit_of(trial);
  const bool unexecuted = meaning == Meaning::failed_unexecuted && has_to_pass(commit) && !passed_somewhere_;
  if (meaning == Meaning::abort) return end(BisectResult::Kind::aborted, commit, outcome);
  if (meaning == Meaning::command_failed || unexecuted) return end(BisectResult::Kind::command_failed, commit, outcome);
  if (meaning == Meaning::skip) {
    take_skip(trial, outcome);
  } else {
    const bool passed = meaning == Meaning::passed;
    passed_somewhere_ |= passed;
    const bool good = passed != options_.find_fix;
    verdicts_[trial] = good ? Verdict::good : Verdict::bad;
    take(commit, good ? Shown::pass : Shown::failure);
    result_.outcome = outcome;
  }
  conclude();
}

void NoisyPlan::take(Subject commit, Shown shown) {
  Commit& it = commits_[commit];
  ++(shown == Shown::pass ? it.good : shown == Shown::failure ? it.bad : it.timeouts);
  if (shown != Shown::timeout) ++tests_;
  if (shown == Shown::failure) ++failures_;
  if (is_check(commit)) return posterior_.observe_outside(shown);
  if (shown != Shown::timeout) untestability_.record_testable(commit);
  posterior_.observe(commit, shown);
}

void NoisyPlan::take_skip(Subject trial, const job::Outcome& outcome) {
  constexpr std::size_t enough = 5;
  const Subject commit = commit_of(trial);
  verdicts_[trial] = Verdict::skip;
  if (job::classify(outcome) == job::Class::timed_out) {
    // Of nothing but timeouts there is nothing to learn.
    commits_[commit].closed = commits_[commit].timeouts >= 2 && commits_[commit].good + commits_[commit].bad == 0;
    something_closed_ |= commits_[commit].closed;
    return take(commit, Shown::timeout);
  }
  commits_[commit].closed = something_closed_ = true;
  if (!is_check(commit)) untestability_.record_skipped(commit);
  if (outcome.kind != job::OutcomeKind::build_failed || ++failed_builds_ < enough) return;
  if (!options_.keep_going && tests_ == 0) end(BisectResult::Kind::build_fails, commit, outcome);
}

void NoisyPlan::end(BisectResult::Kind kind, Subject commit, const job::Outcome& outcome) {
  result_.kind = kind;
  result_.subject = commit;
  result_.outcome = outcome;
  round_.clear();
}

bool NoisyPlan::doubted_end_stands() const {
  if (!doubted_end_) return false;
  const Commit& it = commits_[doubted_end_->commit];
  const bool is_bad = doubted_end_->kind == BisectResult::Kind::good_end_is_bad;
  return (is_bad ? it.bad : it.good) >= enough_of_an_end && (is_bad ? it.good : it.bad) == 0;
}

void NoisyPlan::conclude() {
  if (finished()) return;
  if (doubted_end_stands()) return end(doubted_end_->kind, doubted_end_->commit, result_.outcome);
  if (posterior_.believed(posterior_.no_culprit()) >= noisy_.confidence) return end_without_culprit();
  const std::optional<Node> best = posterior_.best();
  if (!best) return;
  const bool found = posterior_.believed(posterior_.share(*best)) >= noisy_.confidence;
  const std::vector<Suspect> group = found || !something_closed_ ? std::vector<Suspect>{} : alike(*best);
  double of_group = 0;
  for (const Suspect& suspect : group) of_group += suspect.share;
  const bool inseparable = group.size() > 1 && posterior_.believed(of_group) >= noisy_.confidence;
  if (!found && !inseparable) return;
  end(found ? BisectResult::Kind::found : BisectResult::Kind::only_skipped, *best, result_.outcome);
  const double share = found ? posterior_.share(*best) : of_group;
  const double others = share_of_others(share);
  result_.suspects = found ? ranking(*best) : group;
  for (Suspect& suspect : result_.suspects) {
    if (!found) suspect.share *= posterior_.believed(share) / share;
  }
  const Posterior::Kind& kind = posterior_.kinds()[posterior_.kind(*best)];
  result_.certainty = Certainty{.confidence = posterior_.believed(share),
                                .no_culprit = posterior_.no_culprit() * others,
                                .false_failure = kind.false_failure,
                                .false_pass = kind.false_pass,
                                .tests = tests_,
                                .failures = failures_};
}

/// A range where everything is bad, or good, is a wrong one; where that is known of an end it is said of the end.
void NoisyPlan::end_without_culprit() {
  using Kind = BisectResult::Kind;
  end(Kind::no_culprit, graph_->bad_end(), result_.outcome);
  const double confidence = posterior_.believed(posterior_.no_culprit());
  result_.suspects = ranking();
  result_.certainty = Certainty{.confidence = confidence,
                                .no_culprit = confidence,
                                .false_failure = posterior_.fail_without_culprit(),
                                .false_pass = 1 - posterior_.fail_without_culprit(),
                                .tests = tests_,
                                .failures = failures_};
  if (failures_ == 0 && commits_[graph_->bad_end()].good > 0) result_.kind = Kind::bad_end_is_good;
  if (failures_ < tests_) return;
  for (Subject commit = 0; commit < commits_.size(); ++commit) {
    if ((is_check(commit) || graph_->role(commit) == Role::good_end) && commits_[commit].bad > 0) {
      result_.kind = Kind::good_end_is_bad;
      result_.subject = commit;
      return;
    }
  }
}

/// Nothing is left to test, or nothing more may be.
void NoisyPlan::end_undecided() {
  using Kind = BisectResult::Kind;
  const std::optional<Node> best = posterior_.best();
  const bool tells = allowed() > 0;
  end(tests_ == 0 && tells ? Kind::nothing_testable : Kind::not_confident, best.value_or(graph_->bad_end()),
      result_.outcome);
  result_.suspects = ranking(best);
  Posterior::Kind kind;
  if (best) kind = posterior_.kinds()[posterior_.kind(*best)];
  const double share = best ? posterior_.share(*best) : 0;
  result_.certainty = Certainty{.confidence = posterior_.believed(share),
                                .no_culprit = posterior_.no_culprit() * share_of_others(share),
                                .false_failure = kind.false_failure,
                                .false_pass = kind.false_pass,
                                .tests = tests_,
                                .failures = failures_};
}

/// By how much the share of each other answer rises when the one that has this share is stated with caution.
double NoisyPlan::share_of_others(double share) const {
  return share < 1 ? (1 - posterior_.believed(share)) / (1 - share) : 1;
}

/// The most probable first; the shares as they are stated where this one, or that there is no culprit, is the answer.
std::vector<Suspect> NoisyPlan::ranking(std::optional<Node> answer) const {
  std::vector<Suspect> all;
  const double of_answer = answer ? posterior_.share(*answer) : posterior_.no_culprit();
  const double others = share_of_others(of_answer);
  for (Node node = 0; node < graph_->size(); ++node) {
    const double share = posterior_.share(node);
    const double stated = node == answer ? posterior_.believed(share) : share * others;
    if (stated >= least_share) all.push_back({node, stated});
  }
  std::ranges::stable_sort(all, std::greater<>{}, &Suspect::share);
  if (all.size() > most_suspects) all.resize(most_suspects);
  return all;
}

/// The candidates that no commit which can be tested tells apart from this one: its descendants among those are the
/// same. They are all descendants of the first of its own, and there are none that are not its own.
std::vector<Suspect> NoisyPlan::alike(Node node) const {
  std::vector<std::uint8_t> below(graph_->size());
  std::vector<std::uint8_t> tested_below(graph_->size());
  std::vector<std::uint64_t> reached(graph_->size());
  std::uint64_t all = 0;
  std::size_t firsts = 0;
  below[node] = 1;
  for (Node at = node; at < graph_->size(); ++at) {
    for (const Node parent : graph_->parents(at)) {
      below[at] |= below[parent];
      tested_below[at] |= tested_below[parent];
    }
    if (below[at] == 0 || commits_[at].closed || std::exchange(tested_below[at], 1) != 0) continue;
    if (firsts == 64) return {};
    reached[at] = std::uint64_t{1} << firsts++;
    all |= reached[at];
  }
  std::vector<std::uint8_t> leads_elsewhere(graph_->size());
  for (auto at = static_cast<Node>(graph_->size()); at-- > 0;) {
    if (below[at] == 0 && !commits_[at].closed) leads_elsewhere[at] = 1;
    for (const Node parent : graph_->parents(at)) {
      reached[parent] |= reached[at];
      leads_elsewhere[parent] |= leads_elsewhere[at];
    }
  }
  std::vector<Suspect> same;
  for (Node at = 0; at < graph_->size(); ++at) {
    const double share = posterior_.share(at);
    if (share > 0 && leads_elsewhere[at] == 0 && reached[at] == all) same.push_back({at, share});
  }
  std::ranges::stable_sort(same, std::greater<>{}, &Suspect::share);
  return same;
}

std::vector<Subject> NoisyPlan::pointless() const { return finished() ? running_ : std::vector<Subject>{}; }

void NoisyPlan::serialise() {
  serial_ = true;
  options_.workers = 1;
  options_.strategy = Strategy::adaptive;
  round_.clear();
}

void NoisyPlan::work_with(std::size_t workers) {
  if (!serial_) options_.workers = workers;
}

std::size_t NoisyPlan::candidates_left() const {
  return finished() ? 1 : static_cast<std::size_t>(std::lround(std::ceil(posterior_.effective_size())));
}

/// As if each test told half a bit; it is a guess, as the rates are.
double NoisyPlan::rounds_left() const {
  if (finished()) return 0;
  const auto workers = static_cast<double>(std::max<std::size_t>(options_.workers, 1));
  return std::max(1.0, 2 * std::log(posterior_.effective_size() + 1) / std::log(workers + 1));
}

}  // namespace nmz::search
