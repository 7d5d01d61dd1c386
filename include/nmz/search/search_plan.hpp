// The search as the program runs it: with verdicts that are certain, until they contradict each other.
//
// A test that is never wrong needs each commit once, and nobody pays for doubts. But verdicts can contradict each
// other: of one commit, or of one that is bad and a descendant that is good. No first bad commit explains that; the
// test is sometimes wrong. Then nothing that was learnt is thrown away: the search goes on as one with a noisy test,
// whose error rates are learnt with the rest. (Where tests may have disturbed each other, everything is first repeated
// one at a time: confirmed_plan.hpp.) An end that tests as what it is not, against other verdicts, is asked again
// before anything else: if it stands by it the range is wrong, and that is the answer.
//
// Whoever knows that the test is flaky says so, and the search is a noisy one from the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nmz/search/confirmed_plan.hpp"
#include "nmz/search/noisy_plan.hpp"

namespace nmz::search {

struct SearchPlanOptions {
  SearchPlanOptions() = default;
  BisectOptions bisect;
  Confirm confirm = Confirm::never;
  bool flaky = false;  ///< known to be, from the start
  NoisyOptions noisy;
};

/// Two verdicts that cannot both be right; of one commit where they are the same.
struct Contradiction {
  dispatch::Subject bad = 0;
  dispatch::Subject good = 0;
};

class SearchPlan final : public dispatch::Plan {
 public:
  using Stage = ConfirmedPlan::Stage;

  SearchPlan(const CommitGraph& graph, std::vector<Check> checks, SearchPlanOptions options);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// Of a commit: what is known without a test. A search with a noisy test asks for what it wants to know.
  void learn(dispatch::Subject commit, const job::Outcome& outcome);
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool one_at_a_time() const override;
  void serialise() override;
  void work_with(std::size_t workers) override;

  /// What is known of commits beforehand has changed (SearchOptions::prior).
  void reconsider() { noisy_ ? noisy_->reconsider() : certain_.reconsider(); }

  void confirm(Confirm how) { certain_.confirm(how); }
  void doubt_if(std::function<bool()> disturbed) { certain_.doubt_if(std::move(disturbed)); }

  /// What a subject is an execution of, and its number in a noisy search (from 1).
  [[nodiscard]] dispatch::Subject commit_of(dispatch::Subject subject) const;
  [[nodiscard]] std::uint32_t number_of(dispatch::Subject subject) const;

  [[nodiscard]] const NoisyPlan* noisy() const { return noisy_.get(); }
  /// Why the search has become a noisy one.
  [[nodiscard]] const std::optional<Contradiction>& contradiction() const { return contradiction_; }

  [[nodiscard]] Stage stage() const { return certain_.stage(); }
  [[nodiscard]] bool last_confirms() const { return !noisy_ && certain_.last_confirms(); }
  [[nodiscard]] const BisectResult& result() const { return noisy_ ? noisy_->result() : certain_.result(); }
  [[nodiscard]] std::size_t candidates_left() const;
  [[nodiscard]] double rounds_left() const { return noisy_ ? noisy_->rounds_left() : certain_.rounds_left(); }
  [[nodiscard]] bool retreating() const { return !noisy_ && certain_.retreating(); }
  [[nodiscard]] std::optional<Verdict> verdict(dispatch::Subject subject) const;
  /// After a noisy search that has found: what the commit would be in truth.
  [[nodiscard]] std::optional<Verdict> in_truth(dispatch::Subject commit) const;

 private:
  struct Seen {
    dispatch::Subject commit = 0;
    Verdict verdict = Verdict::good;
  };

  using Recording = void (ConfirmedPlan::*)(dispatch::Subject, const job::Outcome&);
  void take(dispatch::Subject subject, const job::Outcome& outcome, Recording recording);
  void remember(dispatch::Subject subject, bool known_before);
  [[nodiscard]] bool saw(Verdict verdict, const std::vector<bool>& among) const;
  void look_for_contradiction();
  void go_on_with_noise(std::optional<BisectResult> of_end);
  [[nodiscard]] std::optional<Contradiction> find_contradiction() const;
  /// By node, whether it is the node or descends from it.
  [[nodiscard]] std::vector<bool> descendants(Node node) const;

  const CommitGraph* graph_;
  std::vector<Check> checks_;
  SearchPlanOptions options_;
  ConfirmedPlan certain_;
  std::vector<Seen> seen_;  ///< verdicts of this stage, in order
  std::unique_ptr<NoisyPlan> noisy_;
  std::optional<Contradiction> contradiction_;
  bool serial_ = false;
};

}  // namespace nmz::search
