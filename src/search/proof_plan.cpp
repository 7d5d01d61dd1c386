#include "nmz/search/proof_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "outcome_meaning.hpp"

namespace nmz::search {

using dispatch::Subject;
using State = Claim::State;

namespace {

/// So many times as probable, until a claim is believed or not.
constexpr double convincing = 20;
constexpr std::size_t most_rounds = 10;

/// A rate that was learnt is never quite 0 or 1.
double bounded(double rate) {
  constexpr double least = 0.001;
  return std::clamp(rate, least, 1 - least);
}

}  // namespace

ProofPlan::ProofPlan(std::vector<Claim> claims, const ProofOptions& options)
    : claims_{std::move(claims)}, options_{options}, begun_(claims_.size()) {}

std::size_t ProofPlan::running(std::size_t claim) const {
  const auto is_of_claim = [&](Subject trial) { return claim_of(trial) == claim; };
  return static_cast<std::size_t>(std::ranges::count_if(running_, is_of_claim) +
                                  std::ranges::count_if(returned_, is_of_claim));
}

bool ProofPlan::wants_more(std::size_t claim) const {
  const Claim& it = claims_[claim];
  if (it.state != State::open) return false;
  const std::size_t rounds = options_.rates ? (it.right + it.wrong) / it.times + 1 : 1;
  return it.right + it.wrong + running(claim) < rounds * it.times;
}

std::optional<std::size_t> ProofPlan::choose() {
  while (!tested_.empty()) {
    const std::size_t claim = tested_.front();
    tested_.pop_front();
    if (wants_more(claim)) return claim;
  }
  std::optional<std::size_t> best;
  for (std::size_t claim = 0; claim < claims_.size(); ++claim) {
    if (wants_more(claim) && (!best || running(claim) < running(*best))) best = claim;
  }
  return best;
}

std::vector<Subject> ProofPlan::next(std::size_t count) {
  std::vector<Subject> next;
  for (; next.size() < count && !returned_.empty(); returned_.pop_front()) {
    if (claims_[claim_of(returned_.front())].state == State::open) next.push_back(returned_.front());
  }
  running_.insert(running_.end(), next.begin(), next.end());
  while (next.size() < count) {
    const std::optional<std::size_t> claim = choose();
    if (!claim) break;
    trials_.push_back({*claim, ++begun_[*claim], std::nullopt});
    next.push_back(static_cast<Subject>(trials_.size() - 1));
    running_.push_back(next.back());
  }
  return next;
}

void ProofPlan::record(Subject trial, const job::Outcome& outcome) {
  if (std::ranges::find(running_, trial) == running_.end()) return;
  const Meaning meaning = meaning_of(outcome, options_.timeout_means, options_.matching);
  if (meaning == Meaning::nothing) return give_back(trial);
  std::erase(running_, trial);
  const std::size_t number = claim_of(trial);
  Claim& claim = claims_[number];
  if (claim.state != State::open) return;
  tested_.push_back(number);
  const bool failed = meaning == Meaning::failed || meaning == Meaning::failed_unexecuted;
  if (!failed && meaning != Meaning::passed) {
    trials_[trial].verdict = Verdict::skip;
    return take_skip(claim, outcome);
  }
  const bool bad = failed != options_.find_fix;
  trials_[trial].verdict = bad ? Verdict::bad : Verdict::good;
  ++(bad == claim.bad ? claim.right : claim.wrong);
  if (bad != claim.bad) claim.outcome = outcome;
  judge(claim);
}

/// A flaky test may hang at times; whatever else gives no verdict will give none the next time.
void ProofPlan::take_skip(Claim& claim, const job::Outcome& outcome) const {
  claim.outcome = outcome;
  ++claim.skipped;
  const bool may_differ = options_.rates && job::classify(outcome) == job::Class::timed_out;
  if (!may_differ || claim.skipped >= claim.times) claim.state = State::untestable;
}

/// Of the claim against its opposite.
double ProofPlan::log_odds(const Claim& claim) const {
  const double bad_fails = 1 - bounded(options_.rates->false_pass);
  const double good_fails = bounded(options_.rates->false_failure);
  const auto failures = static_cast<double>(claim.bad ? claim.right : claim.wrong);
  const auto passes = static_cast<double>(claim.bad ? claim.wrong : claim.right);
  const double of_bad =
      failures * std::log(bad_fails / good_fails) + passes * std::log((1 - bad_fails) / (1 - good_fails));
  return claim.bad ? of_bad : -of_bad;
}

void ProofPlan::judge(Claim& claim) const {
  const std::size_t tests = claim.right + claim.wrong;
  if (!options_.rates) {
    if (claim.wrong > 0)
      claim.state = State::failed;
    else if (tests >= claim.times)
      claim.state = State::held;
    return;
  }
  if (tests < claim.times) return;
  const double odds = log_odds(claim);
  if (odds >= std::log(convincing))
    claim.state = State::held;
  else if (odds <= -std::log(convincing))
    claim.state = State::failed;
  else if (tests >= most_rounds * claim.times)
    claim.state = State::undecided;
}

void ProofPlan::give_back(Subject trial) {
  if (std::erase(running_, trial) == 0) return;
  if (claims_[claim_of(trial)].state == State::open) returned_.push_back(trial);
}

std::vector<Subject> ProofPlan::pointless() const {
  std::vector<Subject> result;
  for (const Subject trial : running_) {
    if (claims_[claim_of(trial)].state != State::open) result.push_back(trial);
  }
  return result;
}

bool ProofPlan::finished() const {
  return std::ranges::none_of(claims_, [](const Claim& claim) { return claim.state == State::open; });
}

}  // namespace nmz::search
