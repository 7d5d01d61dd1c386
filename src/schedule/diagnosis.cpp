#include "nmz/schedule/diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace nmz::schedule {
namespace {

/// Repetitions in each setting before any kind is believed.
constexpr std::uint32_t at_least = 2;
/// How sure is sure enough. What fails always costs many repetitions to be told from what passes once in fifty.
constexpr double sure = 0.98;
constexpr double sure_of_genuine = 0.95;

/// Of the rate of one that always fails: something else may once come between.
constexpr double always = 0.995;

struct Beta {
  double a = 1;
  double b = 1;
};
/// Flaky tests fail rarely or often, less so as often as not.
constexpr Beta any_rate{0.5, 0.8};
constexpr Beta hardly_ever{0.5, 20};
constexpr Beta mostly{2, 1};

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

/// The probability of one sequence with so many failures, the rate being unknown.
double evidence(const Beta& rate, double failures, double runs) {
  return std::exp(log_beta(rate.a + failures, rate.b + runs - failures) - log_beta(rate.a, rate.b));
}

constexpr std::array all_settings{Setting::alone, Setting::beside, Setting::load, Setting::after};

std::size_t index(Setting setting) { return static_cast<std::size_t>(setting); }

/// It fails in some settings mostly, and elsewhere hardly ever.
struct OnlyIn {
  std::array<bool, setting_count> there{};
  double prior = 0;
  std::size_t kind = 0;
};
constexpr std::size_t genuine = 0;
constexpr std::size_t flaky = 1;
constexpr std::size_t contention = 2;
constexpr std::size_t order = 3;
constexpr double genuine_prior = 0.5;
constexpr double flaky_prior = 0.3;
constexpr std::array only_in{
    OnlyIn{{false, true, false, false}, 0.05, contention},
    OnlyIn{{false, false, true, false}, 0.05, contention},
    OnlyIn{{false, true, true, false}, 0.05, contention},
    OnlyIn{{false, false, false, true}, 0.1, order},
};

double probability(const OnlyIn& hypothesis, const std::array<Trials, setting_count>& trials) {
  double failures_there = 0;
  double runs_there = 0;
  double failures = 0;
  double runs = 0;
  for (std::size_t i = 0; i < setting_count; ++i) {
    const bool there = hypothesis.there.at(i);
    (there ? failures_there : failures) += trials.at(i).failures;
    (there ? runs_there : runs) += trials.at(i).runs;
  }
  return evidence(mostly, failures_there, runs_there) * evidence(hardly_ever, failures, runs);
}

double entropy(const std::array<double, 4>& weights) {
  double bits = 0;
  for (const double weight : weights) bits -= weight > 0 ? weight * std::log2(weight) : 0;
  return bits;
}

}  // namespace

bool Diagnosis::tried(Setting setting) const { return settings_.has(setting) || trials(setting).runs > 0; }

Diagnosis::Weights Diagnosis::weigh(const AllTrials& trials) const {
  double failures = 0;
  double runs = 0;
  for (const Trials& one : trials) {
    failures += one.failures;
    runs += one.runs;
  }
  Weights weights{};
  weights.at(genuine) = genuine_prior * std::pow(always, failures) * std::pow(1 - always, runs - failures);
  weights.at(flaky) = flaky_prior * evidence(any_rate, failures, runs);
  for (const OnlyIn& one : only_in) {
    bool possible = true;
    for (const Setting setting : all_settings) possible = possible && (!one.there.at(index(setting)) || tried(setting));
    if (possible) weights.at(one.kind) += one.prior * probability(one, trials);
  }
  double total = 0;
  for (const double weight : weights) total += weight;
  for (double& weight : weights) weight /= total;
  return weights;
}

/// Of the kinds, after one repetition more in this setting.
double Diagnosis::expected_entropy(Setting setting) const {
  AllTrials failing = trials_;
  AllTrials passing = trials_;
  ++failing.at(index(setting)).runs;
  ++failing.at(index(setting)).failures;
  ++passing.at(index(setting)).runs;
  // How probable a failure is, is the mean over what is believed of the rates: with few trials the plain share,
  // smoothed.
  const Trials& here = trials(setting);
  const double fails = (here.failures + 0.5) / (here.runs + 1.0);
  return fails * entropy(weigh(failing)) + (1 - fails) * entropy(weigh(passing));
}

std::optional<Setting> Diagnosis::next() const {
  std::vector<Setting> choice;
  for (const Setting one : all_settings) {
    if (settings_.has(one)) choice.push_back(one);
  }
  if (choice.empty() || runs() >= most_) return std::nullopt;
  const auto rarest = std::ranges::min_element(choice, {}, [this](Setting one) { return trials(one).runs; });
  if (trials(*rarest).runs < at_least) return *rarest;
  if (confidence() >= sure || weigh(trials_).at(genuine) >= sure_of_genuine) return std::nullopt;
  std::optional<Setting> best;
  double least = std::numeric_limits<double>::infinity();
  constexpr double noise = 1e-9;
  for (const Setting one : choice) {
    const double left = expected_entropy(one);
    const bool better = left < least - noise || (best && left < least + noise && trials(one).runs < trials(*best).runs);
    if (!better) continue;
    least = left;
    best = one;
  }
  return best;
}

void Diagnosis::record(Setting setting, Seen seen) {
  Trials& it = trials_.at(index(setting));
  ++it.runs;
  it.failures += seen == Seen::passed ? 0U : 1U;
  it.too_late += seen == Seen::too_late ? 1U : 0U;
}

std::uint32_t Diagnosis::runs() const {
  std::uint32_t runs = 0;
  for (const Trials& one : trials_) runs += one.runs;
  return runs;
}

FailureKind Diagnosis::kind() const {
  std::uint32_t failures = 0;
  std::uint32_t too_late = 0;
  for (const Trials& one : trials_) {
    failures += one.failures;
    too_late += one.too_late;
  }
  if (runs() == 0) return FailureKind::undecided;
  if (failures > 0 && failures == too_late) return FailureKind::time_limit;
  constexpr std::array kinds{FailureKind::genuine, FailureKind::flaky, FailureKind::contention,
                             FailureKind::order_dependent};
  const Weights weights = weigh(trials_);
  return kinds.at(static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin()));
}

double Diagnosis::confidence() const { return runs() == 0 ? 0 : std::ranges::max(weigh(trials_)); }

}  // namespace nmz::schedule
