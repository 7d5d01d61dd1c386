// What is thought of each hypothesis when a verdict may be wrong.
//
// Hypotheses: "this candidate is the first bad commit", each, and "there is no culprit here: the test fails at one rate
// everywhere", which includes a range where everything is bad, or nothing. Two rates say how wrong a verdict is: how
// often a good commit fails, and how often a bad one passes. Either is known, or learnt with the rest: a grid of pairs
// with a prior stands for all that are thought possible, and each hypothesis sums over the grid. So rates are never
// estimated first and then believed.
//
// All that the verdicts say about a hypothesis is how many failures and passes they have where it predicts bad; the
// others are the rest. Hypotheses with equal counts are of one kind and share their likelihood. There are at most some
// hundred kinds however long the history, and a verdict at v changes the counts of v and its ancestors: one sweep.
//
// Rates that are learnt have a prior that is nobody's truth: where a test is wrong in a way that the prior finds rare,
// the best of many hypotheses looks better than it is. So, where both are learnt, what is believed is stated with the
// odds against it raised by half (believed()). How often answers are right is measured, for kinds of tests that the
// prior knows nothing of (tests/bench/noise_bench.cpp).
//
// A timeout is evidence of its own: it may be that bad commits hang more often than good ones, or that they do not.
// Both are weighed, with rates that are integrated out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "nmz/search/commit_graph.hpp"
#include "nmz/search/rate_grid.hpp"

namespace nmz::search {

struct NoiseOptions {
  NoiseOptions() = default;
  std::optional<double> false_failure;  ///< how often a good commit fails; nothing = learnt
  std::optional<double> false_pass;     ///< how often a bad commit passes; nothing = learnt
  /// How probable it is beforehand that there is none; nothing: as prior_of_no_culprit() says.
  std::optional<double> no_culprit_prior;
  std::size_t sample = 512;  ///< hypotheses looked at when choosing, at most
};

/// Of the ranges that one company examined 40 % had no culprit but a test that was flaky. Whoever can say how often the
/// test is wrong has looked at it: then it is rare.
[[nodiscard]] double prior_of_no_culprit(const NoiseOptions& options);

/// What one execution showed.
enum class Shown : std::uint8_t { pass, failure, timeout };

class Posterior {
 public:
  /// Hypotheses that the verdicts do not tell apart by count.
  struct Kind {
    double likelihood = 0;   ///< relative to the other kinds'
    double fail_if_bad = 0;  ///< how often the next test fails where it predicts bad
    double fail_if_good = 0;
    double false_failure = 0;  ///< the rates as they are thought to be under it
    double false_pass = 0;
  };

  /// `graph` must outlive this.
  Posterior(const CommitGraph& graph, const NoiseOptions& options);

  /// How probable these candidates are beforehand, relative to each other: a positive weight for each. Together they
  /// stay as probable as they were, and most of the trust stays with even weights: a candidate that nobody suspects
  /// loses a sixth of a bit.
  void prefer(std::span<const Node> nodes, std::span<const double> weights);

  void observe(Node node, Shown shown);
  /// Of a commit outside the graph that every candidate has to leave good.
  void observe_outside(Shown shown);

  /// That the node is the first bad commit.
  [[nodiscard]] double share(Node node) const { return weights_[node] / total_; }
  [[nodiscard]] double no_culprit() const { return no_culprit_weight_ / total_; }
  /// What may be stated where so much of the belief speaks for an answer.
  [[nodiscard]] double believed(double share) const { return share / (share + caution_ * (1 - share)); }
  /// How often a test fails if there is no culprit.
  [[nodiscard]] double fail_without_culprit() const { return fail_without_culprit_; }
  /// The most probable first bad commit; nothing when every candidate is impossible.
  [[nodiscard]] std::optional<Node> best() const;
  [[nodiscard]] const std::vector<Kind>& kinds() const { return kinds_; }
  [[nodiscard]] std::size_t kind(Node node) const { return kind_of_[node]; }
  /// 2 to the power of the entropy.
  [[nodiscard]] double effective_size() const;

 private:
  struct Counts {
    std::uint32_t failures = 0;
    std::uint32_t passes = 0;
    std::uint32_t timeouts = 0;
  };

  void set_priors(const CommitGraph& graph);
  void count(Shown shown);
  void refresh();
  [[nodiscard]] std::size_t find_kind(std::uint64_t key);
  [[nodiscard]] Kind judge(const Counts& where_bad, double& log_likelihood) const;
  [[nodiscard]] double judge_without_culprit();
  [[nodiscard]] double log_of_timeouts(const Counts& where_bad) const;

  const CommitGraph* graph_;
  double no_culprit_prior_;
  double caution_;  ///< how many times the odds against an answer are what they seem
  std::vector<RatePair> grid_;
  Counts all_;
  std::vector<std::uint64_t> keys_;  ///< by node: the counts where its hypothesis predicts bad
  std::vector<double> priors_;
  double each_prior_ = 0;  ///< of a candidate, where nothing is known of any
  std::vector<double> weights_;
  std::vector<std::uint32_t> kind_of_;
  std::vector<Kind> kinds_;
  std::vector<double> logs_;  ///< of the kinds' likelihoods
  std::unordered_map<std::uint64_t, std::size_t> known_kinds_;
  double no_culprit_weight_ = 0;
  double fail_without_culprit_ = 0.5;
  double total_ = 1;
};

}  // namespace nmz::search
