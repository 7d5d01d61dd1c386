// The search for a first bad commit with a test that is sometimes wrong.
//
// A subject is a trial: one execution of one commit. The first of a commit has the commit's own number (a node's, or a
// check's after the nodes); further ones get numbers after all of these, as they are begun. The same commit may run
// many times, also at once, and every verdict adds to what is thought of each hypothesis (posterior.hpp). The search
// ends when one hypothesis is believed with the confidence that is asked for, when as many tests have been run as are
// allowed, or when nothing that can be tested tells the rest apart.
//
// A commit that cannot be tested (125, no build) is not tried again. A timeout that is no failure is evidence of its
// own, and the commit may be tried again, the less the more often it timed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "nmz/search/bisect_plan.hpp"
#include "nmz/search/posterior.hpp"
#include "nmz/search/untestability.hpp"

namespace nmz::search {

struct NoisyOptions {
  NoisyOptions() = default;
  NoiseOptions noise;
  double confidence = 0.99;
  std::size_t max_tests = 0;  ///< that give a verdict; 0 = no limit
};

class NoisyPlan final : public dispatch::Plan {
 public:
  /// `graph` must outlive the plan. Of `options`, what is about belief and choice is not used but for the prior, nor is
  /// the retreat.
  NoisyPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options, NoisyOptions noisy);

  /// What is known before the search, or from a search that took verdicts for certain.
  void learn(dispatch::Subject commit, Verdict verdict);
  /// What is known of commits beforehand has changed (SearchOptions::prior).
  void reconsider() { asked_prior_ = false; }
  /// A first execution that is under way already.
  void adopt(dispatch::Subject commit);
  /// An end whose verdict contradicts others is asked this often before anything else. If it stands by its verdict the
  /// search ends with `kind`.
  void doubt_end(dispatch::Subject commit, BisectResult::Kind kind);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject trial, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject trial) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override { return result_.kind != BisectResult::Kind::unfinished; }
  [[nodiscard]] bool one_at_a_time() const override { return serial_; }
  void serialise() override;
  void work_with(std::size_t workers) override;

  [[nodiscard]] dispatch::Subject commit_of(dispatch::Subject trial) const;
  /// From 1, of each commit.
  [[nodiscard]] std::uint32_t number_of(dispatch::Subject trial) const;

  [[nodiscard]] const BisectResult& result() const { return result_; }
  [[nodiscard]] std::optional<Verdict> verdict(dispatch::Subject trial) const;
  [[nodiscard]] const Posterior& posterior() const { return posterior_; }
  [[nodiscard]] std::size_t candidates_left() const;
  [[nodiscard]] double rounds_left() const;

 private:
  struct Commit {
    std::uint32_t begun = 0;
    std::uint32_t good = 0;
    std::uint32_t bad = 0;
    std::uint32_t timeouts = 0;
    bool closed = false;  ///< cannot be tested
  };
  struct Trial {
    dispatch::Subject commit = 0;
    std::uint32_t number = 1;
  };
  struct DoubtedEnd {
    dispatch::Subject commit = 0;
    BisectResult::Kind kind = BisectResult::Kind::unfinished;
  };

  void trust_ends();
  [[nodiscard]] bool is_check(dispatch::Subject commit) const { return commit >= graph_->size(); }
  [[nodiscard]] bool has_to_pass(dispatch::Subject commit) const;
  [[nodiscard]] double chance(Node node) const;
  [[nodiscard]] std::size_t allowed() const;
  [[nodiscard]] std::size_t begun_elsewhere(dispatch::Subject commit) const;
  void ask_prior();
  [[nodiscard]] std::vector<dispatch::Subject> choose(std::size_t count) const;
  dispatch::Subject begin(dispatch::Subject commit);
  void take(dispatch::Subject commit, Shown shown);
  void take_skip(dispatch::Subject trial, const job::Outcome& outcome);
  void end(BisectResult::Kind kind, dispatch::Subject commit, const job::Outcome& outcome = {});
  void conclude();
  [[nodiscard]] bool doubted_end_stands() const;
  void end_without_culprit();
  void end_undecided();
  [[nodiscard]] double share_of_others(double share) const;
  [[nodiscard]] std::vector<Suspect> ranking(std::optional<Node> answer = std::nullopt) const;
  [[nodiscard]] std::vector<Suspect> alike(Node node) const;

  const CommitGraph* graph_;
  std::vector<Check> checks_;
  BisectOptions options_;
  NoisyOptions noisy_;
  Posterior posterior_;
  Untestability untestability_;
  std::vector<Commit> commits_;
  std::vector<Trial> repeats_;                    ///< numbered after the commits
  std::vector<std::optional<Verdict>> verdicts_;  ///< by trial
  std::vector<dispatch::Subject> running_;
  std::deque<dispatch::Subject> returned_;
  std::deque<dispatch::Subject> round_;  ///< commits of this round, not begun yet
  std::optional<DoubtedEnd> doubted_end_;
  bool asked_prior_ = false;
  std::size_t failed_builds_ = 0;
  std::size_t tests_ = 0;
  std::size_t failures_ = 0;
  bool passed_somewhere_ = false;
  bool something_closed_ = false;
  bool serial_ = false;
  BisectResult result_;
};

}  // namespace nmz::search
