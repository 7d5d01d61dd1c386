// The search for a first bad commit as a plan: which commits to run, what their exit codes mean, when it is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/search/commit_graph.hpp"
#include "nmz/search/search.hpp"

namespace nmz::search {

/// adaptive: every verdict refills the free workers and cancels what became pointless. rounds: probes are chosen for
/// all workers at once and the next round starts when all of them have a verdict; reproducible.
enum class Strategy : std::uint8_t { adaptive, rounds };
enum class TimeoutMeans : std::uint8_t { skip, bad };

struct BisectOptions {
  BisectOptions() = default;
  SearchOptions search;
  Strategy strategy = Strategy::adaptive;
  std::size_t workers = 1;  ///< the size of a round
  TimeoutMeans timeout_means = TimeoutMeans::skip;
  bool keep_going = false;  ///< where the build fails at everything, try the rest as well
  bool matching = false;    ///< failures are told by their output (Outcome::matched), also those that end in a crash
  /// The search for the commit that repaired: success (0) is the new state, which the search calls bad, and failure
  /// (1..127) the old one, good.
  bool find_fix = false;
  /// No good end is known: these are tried in this order until one is good (retreat.hpp).
  std::vector<Node> retreat;
  std::vector<Node> skipped;  ///< known to give no verdict: they are not tested
};

/// Commits outside the graph that have to be tested as well. They are numbered after the graph's nodes:
/// subject = graph.size() + position.
struct Check {
  enum class Kind : std::uint8_t {
    merge_base,   ///< of a good end and bad; tested before anything else; bad = the bug was fixed in between
    sibling_good  ///< a good end that is no ancestor of bad; bad = the ends contradict
  };
  Kind kind = Kind::merge_base;
};

/// What a noisy search (noisy_plan.hpp) thinks at its end.
struct Certainty {
  double confidence = 0;     ///< in the result; where there is none, the most probable candidate's share
  double no_culprit = 0;     ///< that the test is flaky and nothing else
  double false_failure = 0;  ///< how often a good commit fails, as known or learnt
  double false_pass = 0;     ///< how often a bad one passes
  std::size_t tests = 0;     ///< that gave a verdict
  std::size_t failures = 0;
};

/// Why the search ended, in full.
struct BisectResult {
  enum class Kind : std::uint8_t {
    unfinished,
    found,              ///< suspects[0]
    only_skipped,       ///< suspects, with shares
    nothing_testable,   ///< not one commit could be tested; suspects, with shares
    build_fails,        ///< at the bad end, `subject`, and at everything else that was tried: `outcome`
    merge_base_is_bad,  ///< `subject`
    good_end_is_bad,    ///< `subject`
    bad_end_is_good,    ///< `subject`
    no_good_end,        ///< none that was tried is good; `subject` is the oldest
    contradiction,      ///< verdicts no single first bad commit explains
    aborted,            ///< the command ended with 128 or above: `subject`, `outcome`
    command_failed,     ///< the command cannot be executed, or gave 126/127 at a good end too: `subject`, `outcome`
    not_confident,      ///< noisy: the tests that were allowed do not tell; suspects, the most probable first
    no_culprit,         ///< noisy: the test fails at one rate everywhere
  };
  Kind kind = Kind::unfinished;
  std::vector<Suspect> suspects;
  dispatch::Subject subject = 0;
  job::Outcome outcome;
  std::optional<Certainty> certainty;  ///< of a noisy search; its suspects are sorted by share
};

class BisectPlan final : public dispatch::Plan {
 public:
  BisectPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// What is known of commits beforehand has changed (SearchOptions::prior).
  void reconsider() { search_.reconsider(); }
  /// What is known without a test: as if the subject had been handed out, and this had come of it.
  void learn(dispatch::Subject subject, const job::Outcome& outcome);
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;
  void serialise() override;
  void work_with(std::size_t workers) override;

  [[nodiscard]] const BisectResult& result() const;
  [[nodiscard]] std::size_t candidates_left() const;
  /// Expected number of further test times until the end, with all workers busy (log base workers+1 of what is left).
  [[nodiscard]] double rounds_left() const;
  /// What the outcome of a subject was taken for; nothing while there is none.
  [[nodiscard]] std::optional<Verdict> verdict(dispatch::Subject subject) const;
  /// Whether a good end is still looked for.
  [[nodiscard]] bool retreating() const { return !options_.retreat.empty() && goods_ == 0; }

 private:
  struct Subject {
    bool running = false;
    bool settled = false;  ///< has an outcome, or needs none
    std::optional<Verdict> verdict;
  };

  [[nodiscard]] bool is_check(dispatch::Subject subject) const { return subject >= graph_->size(); }
  [[nodiscard]] bool is_kind(dispatch::Subject subject, Check::Kind kind) const;
  [[nodiscard]] bool available(dispatch::Subject subject) const;
  [[nodiscard]] bool has_to_pass(dispatch::Subject subject) const;
  [[nodiscard]] std::optional<dispatch::Subject> missing_proof() const;
  [[nodiscard]] std::optional<dispatch::Subject> end_in_doubt() const;
  [[nodiscard]] bool build_fails_everywhere() const;
  [[nodiscard]] std::optional<dispatch::Subject> passing_end() const;
  [[nodiscard]] std::optional<dispatch::Subject> good_end() const;
  [[nodiscard]] bool checks_settled() const;
  [[nodiscard]] std::vector<dispatch::Subject> choose(std::size_t count);
  [[nodiscard]] bool worth_trying(Node step) const;
  void append_retreat(std::vector<dispatch::Subject>& chosen, std::size_t count) const;
  void conclude_retreat(const job::Outcome& outcome);
  [[nodiscard]] std::vector<Node> running_nodes() const;
  void append_checks(std::vector<dispatch::Subject>& chosen, Check::Kind kind, std::size_t count) const;
  void stop_running(dispatch::Subject subject);
  void settle(dispatch::Subject subject, const job::Outcome& outcome, Verdict verdict);
  void end(BisectResult::Kind kind, dispatch::Subject subject, const job::Outcome& outcome);
  void conclude(dispatch::Subject last, const job::Outcome& outcome);

  const CommitGraph* graph_;
  std::vector<Check> checks_;
  BisectOptions options_;
  Search search_;
  std::vector<Subject> subjects_;
  std::vector<dispatch::Subject> running_;
  std::deque<dispatch::Subject> round_;  ///< of this round, not handed out yet
  std::size_t goods_ = 0;
  std::size_t bads_ = 0;
  std::size_t failed_builds_ = 0;
  std::size_t other_skips_ = 0;
  bool serial_ = false;
  bool passed_somewhere_ = false;
  bool unexecuted_somewhere_ = false;  ///< an exit code of 126 or 127 was taken for a failure
  BisectResult result_;
};

/// How many tests a serial search (one worker, same rule) needs when `culprit` is the first bad commit. `retreat`: what
/// it tries first.
std::size_t serial_tests(const CommitGraph& graph, Node culprit, SearchOptions options, std::vector<Node> retreat = {});

}  // namespace nmz::search
