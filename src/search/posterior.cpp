#include "nmz/search/posterior.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace nmz::search {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();
constexpr unsigned bits_of_count = 21;
constexpr std::uint64_t count_mask = (std::uint64_t{1} << bits_of_count) - 1;

/// The rate of a test that has no culprit may be any: always and never are no likelier than a coin, which of all looks
/// most like a culprit now and then.
constexpr double any_rate = 1;
/// Jeffreys' prior on the rate of timeouts.
constexpr double half = 0.5;

/// Of `count` outcomes of which each has this log; what did not happen is no evidence, however impossible.
double times(std::uint32_t count, double log) { return count == 0 ? 0 : count * log; }

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

/// log of the sum of what these are the logs of.
double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == impossible ? most : most + std::log(std::exp(a - most) + std::exp(b - most));
}

/// The log evidence of so many timeouts at an unknown rate.
double log_timeouts(std::uint32_t timeouts, std::uint32_t others) {
  constexpr double rare = 4;
  return log_beta(half + timeouts, rare + others) - log_beta(half, rare);
}

constexpr double caution_of_learning = 1.5;

bool both_learnt(const NoiseOptions& options) { return !options.false_failure && !options.false_pass; }

std::uint64_t one(Shown shown) { return std::uint64_t{1} << (bits_of_count * static_cast<unsigned>(shown)); }

}  // namespace

double prior_of_no_culprit(const NoiseOptions& options) {
  constexpr double of_learning = 0.4;
  constexpr double rare = 1.0 / 16;
  return options.no_culprit_prior.value_or(both_learnt(options) ? of_learning : rare);
}

Posterior::Posterior(const CommitGraph& graph, const NoiseOptions& options)
    : graph_{&graph},
      no_culprit_prior_{prior_of_no_culprit(options)},
      caution_{both_learnt(options) ? caution_of_learning : 1},
      grid_{rate_grid(options.false_failure, options.false_pass)},
      keys_(graph.size()),
      priors_(graph.size()),
      weights_(graph.size()),
      kind_of_(graph.size()) {
  set_priors(graph);
  refresh();
}

void Posterior::set_priors(const CommitGraph& graph) {
  const std::vector<bool> below = below_good_ends(graph);
  const auto is_hypothesis = [&](Node node) { return graph.role(node) == Role::candidate && !below[node]; };
  std::size_t candidates = 0;
  for (Node node = 0; node < graph.size(); ++node) candidates += is_hypothesis(node) ? 1U : 0U;
  if (candidates > 0) each_prior_ = (1 - no_culprit_prior_) / static_cast<double>(candidates);
  for (Node node = 0; node < graph.size(); ++node) {
    if (is_hypothesis(node)) priors_[node] = each_prior_;
  }
  if (candidates == 0) no_culprit_prior_ = 1;
}

void Posterior::prefer(std::span<const Node> nodes, std::span<const double> weights) {
  constexpr double trust = 0.1;
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double even = each_prior_ * static_cast<double>(nodes.size());
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    priors_[nodes[at]] = (1 - trust) * each_prior_ + trust * even * weights[at] / all;
  }
  refresh();
}

void Posterior::count(Shown shown) {
  ++(shown == Shown::pass ? all_.passes : shown == Shown::failure ? all_.failures : all_.timeouts);
}

void Posterior::observe(Node node, Shown shown) {
  count(shown);
  std::vector<std::uint8_t> marked(node + 1);
  marked[node] = 1;
  const std::uint64_t more = one(shown);
  for (Node at = node + 1; at-- > 0;) {
    if (marked[at] == 0) continue;
    keys_[at] += more;
    for (const Node parent : graph_->parents(at)) marked[parent] = 1;
  }
  refresh();
}

void Posterior::observe_outside(Shown shown) {
  count(shown);
  refresh();
}

double Posterior::log_of_timeouts(const Counts& where_bad) const {
  if (all_.timeouts == 0) return 0;
  const std::uint32_t others = all_.failures + all_.passes;
  const std::uint32_t others_where_bad = where_bad.failures + where_bad.passes;
  const double apart = log_timeouts(where_bad.timeouts, others_where_bad) +
                       log_timeouts(all_.timeouts - where_bad.timeouts, others - others_where_bad);
  return log_sum(std::log(half) + apart, std::log(half) + log_timeouts(all_.timeouts, others));
}

Posterior::Kind Posterior::judge(const Counts& where_bad, double& log_likelihood) const {
  std::vector<double> logs;
  logs.reserve(grid_.size());
  for (const RatePair& pair : grid_) {
    logs.push_back(pair.log_weight + times(all_.failures - where_bad.failures, pair.log_good_fails) +
                   times(all_.passes - where_bad.passes, pair.log_good_passes) +
                   times(where_bad.failures, pair.log_bad_fails) + times(where_bad.passes, pair.log_bad_passes));
  }
  const double most = *std::ranges::max_element(logs);
  log_likelihood = most;
  Kind kind;
  if (most == impossible) return kind;
  double total = 0;
  for (std::size_t i = 0; i < grid_.size(); ++i) {
    constexpr double nothing = -40;
    if (logs[i] - most < nothing) continue;
    const double weight = std::exp(logs[i] - most);
    total += weight;
    kind.false_failure += weight * grid_[i].false_failure;
    kind.false_pass += weight * grid_[i].false_pass;
  }
  kind.false_failure /= total;
  kind.false_pass /= total;
  kind.fail_if_good = kind.false_failure;
  kind.fail_if_bad = 1 - kind.false_pass;
  log_likelihood = most + std::log(total) + log_of_timeouts(where_bad);
  return kind;
}

double Posterior::judge_without_culprit() {
  const double failures = all_.failures + any_rate;
  const double passes = all_.passes + any_rate;
  fail_without_culprit_ = failures / (failures + passes);
  const double timeouts = all_.timeouts == 0 ? 0 : log_timeouts(all_.timeouts, all_.failures + all_.passes);
  return log_beta(failures, passes) - log_beta(any_rate, any_rate) + timeouts;
}

std::size_t Posterior::find_kind(std::uint64_t key) {
  const auto [found, is_new] = known_kinds_.try_emplace(key, kinds_.size());
  if (!is_new) return found->second;
  Counts where_bad;
  where_bad.passes = static_cast<std::uint32_t>(key & count_mask);
  where_bad.failures = static_cast<std::uint32_t>((key >> bits_of_count) & count_mask);
  where_bad.timeouts = static_cast<std::uint32_t>(key >> (2 * bits_of_count));
  logs_.push_back(0);
  kinds_.push_back(judge(where_bad, logs_.back()));
  return found->second;
}

void Posterior::refresh() {
  kinds_.clear();
  logs_.clear();
  known_kinds_.clear();
  std::optional<std::uint64_t> last;
  std::uint32_t kind = 0;
  for (Node node = 0; node < keys_.size(); ++node) {
    if (priors_[node] == 0) continue;
    if (keys_[node] != last) kind = static_cast<std::uint32_t>(find_kind(keys_[node]));
    last = keys_[node];
    kind_of_[node] = kind;
  }
  const double log_without = no_culprit_prior_ > 0 ? judge_without_culprit() : impossible;
  double most = log_without;
  for (const double log : logs_) most = std::max(most, log);
  for (std::size_t i = 0; i < kinds_.size(); ++i)
    kinds_[i].likelihood = most == impossible ? 0 : std::exp(logs_[i] - most);
  no_culprit_weight_ = log_without == impossible ? 0 : no_culprit_prior_ * std::exp(log_without - most);
  total_ = no_culprit_weight_;
  for (Node node = 0; node < keys_.size(); ++node) {
    weights_[node] = priors_[node] == 0 ? 0 : priors_[node] * kinds_[kind_of_[node]].likelihood;
    total_ += weights_[node];
  }
  if (total_ <= 0) total_ = 1;
}

std::optional<Node> Posterior::best() const {
  const auto most = std::ranges::max_element(weights_);
  if (most == weights_.end() || *most <= 0) return std::nullopt;
  return static_cast<Node>(most - weights_.begin());
}

double Posterior::effective_size() const {
  double entropy = 0;
  const auto add = [&](double share) {
    if (share > 0) entropy -= share * std::log2(share);
  };
  for (const double weight : weights_) add(weight / total_);
  add(no_culprit());
  return std::exp2(entropy);
}

}  // namespace nmz::search
