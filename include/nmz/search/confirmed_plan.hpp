// A search whose answer is tested once more with nothing beside it, where tests could have disturbed each other.
//
// Tests that were written for one at a time share more than a port: a file in /tmp, a database, a device. Where workers
// have worlds of their own and what is taken is noticed, nothing of that can decide. Elsewhere the search goes on as
// fast as it can, and only its answer is doubted: the first bad commit and its parents (or the end that contradicts)
// run again, one at a time. If one of them ends differently the whole search is done again so, with none of the old
// verdicts. That costs two tests where all is well, and never more than git's own search would have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "nmz/search/bisect_plan.hpp"

namespace nmz::search {

/// disk_tight: when tests shared a disk that may have been too small for them (Outcome::disk_tight), unwatched: then,
/// and when a verdict came from a test that others could have disturbed unnoticed otherwise (Outcome::watched).
/// beside: when there was more than one worker at any time.
enum class Confirm : std::uint8_t { never, disk_tight, unwatched, beside, always };

class ConfirmedPlan final : public dispatch::Plan {
 public:
  enum class Stage : std::uint8_t {
    searching,
    confirming,  ///< the answer is tested again
    repeating    ///< it was wrong: everything is
  };

  ConfirmedPlan(const CommitGraph& graph, std::vector<Check> checks, BisectOptions options,
                Confirm confirm = Confirm::never);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// As BisectPlan's; what is confirmed or repeated is not learnt.
  void learn(dispatch::Subject subject, const job::Outcome& outcome);
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool one_at_a_time() const override { return stage_ != Stage::searching; }
  void serialise() override;
  void work_with(std::size_t workers) override;
  /// As BisectPlan's.
  void reconsider() { plan_->reconsider(); }

  /// From now on, whatever was seen so far.
  void confirm(Confirm how) { confirm_ = how; }

  /// Asked when the answer is there, where `unwatched` does not confirm it anyway: may tests have disturbed each other?
  void doubt_if(std::function<bool()> disturbed) { disturbed_ = std::move(disturbed); }

  [[nodiscard]] Stage stage() const { return stage_; }
  /// Whether tests have run beside each other, or could have.
  [[nodiscard]] bool beside_others() const { return beside_others_; }
  /// What was recorded last only confirms, or not, what was known.
  [[nodiscard]] bool last_confirms() const { return last_confirmed_.has_value(); }

  /// unfinished while it is not confirmed.
  [[nodiscard]] const BisectResult& result() const { return finished() ? plan_->result() : unfinished_; }
  [[nodiscard]] std::size_t candidates_left() const { return plan_->candidates_left(); }
  [[nodiscard]] double rounds_left() const;
  [[nodiscard]] bool retreating() const { return plan_->retreating(); }
  [[nodiscard]] std::optional<Verdict> verdict(dispatch::Subject subject) const;

 private:
  struct Expected {
    dispatch::Subject subject = 0;
    Verdict verdict = Verdict::bad;
    bool running = false;
  };
  struct Confirmed {
    dispatch::Subject subject = 0;
    std::optional<Verdict> verdict;
  };

  void begin();
  void mind(const job::Outcome& outcome);
  [[nodiscard]] bool is_doubtful() const;
  void doubt();
  void repeat();
  void judge(dispatch::Subject subject, const job::Outcome& outcome);
  [[nodiscard]] bool is_stale(dispatch::Subject subject) const;
  [[nodiscard]] std::vector<Node> tested_parents(Node node) const;
  [[nodiscard]] std::optional<Verdict> verdict_of(const job::Outcome& outcome) const;

  const CommitGraph* graph_;
  std::vector<Check> checks_;
  BisectOptions options_;
  Confirm confirm_;
  bool beside_others_;  ///< tests have run, or could have
  std::optional<BisectPlan> plan_;
  BisectResult unfinished_;
  Stage stage_ = Stage::searching;
  bool disturbable_ = false;  ///< a verdict came from a test that others could have disturbed unnoticed
  std::function<bool()> disturbed_;
  std::deque<Expected> expected_;
  std::vector<dispatch::Subject> stale_;  ///< run on although nobody waits for them: of the stage before
  std::optional<Confirmed> last_confirmed_;
};

}  // namespace nmz::search
