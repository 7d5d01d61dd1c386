// Watches every step of a run and throws RuleBroken at the first thing a dispatcher must not do.
//
// It keeps books of its own, from the events and the actions alone, and stands between the dispatcher and the plan, so
// that what the dispatcher tells the plan can be compared with what it reports. The rules are those in the head of
// dispatcher.hpp; the books are kept in the plainest way, one map for each question.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"

#include "conditions.hpp"

namespace nmz::simulation {

class RuleBroken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What happened how often in a run.
struct Tally {
  std::size_t counted = 0;
  std::size_t retried = 0;
  std::size_t cancelled = 0;
  std::size_t late = 0;
  std::size_t executions = 0;
  std::size_t given_up = 0;
  std::size_t restarts = 0;
  std::size_t retired = 0;
  std::size_t returned = 0;
  std::size_t spare = 0;
  std::size_t disturbed = 0;
  std::size_t withdrawn = 0;  ///< by the user
  std::size_t skipped = 0;    ///< without an execution
  std::size_t again = 0;      ///< run again by the user
  std::size_t started = 0;    ///< workers, because the user wanted more
  std::size_t surplus = 0;    ///< workers that ended because the user wanted fewer
};

/// Between the dispatcher and the plan it is to use: checks who holds which subject, and notes what the plan is told.
class RefereedPlan final : public dispatch::Plan {
 public:
  explicit RefereedPlan(dispatch::Plan& plan) : plan_(plan) {}

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  std::optional<dispatch::Subject> run_again(std::uint32_t item) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override { return plan_.pointless(); }
  [[nodiscard]] bool one_at_a_time() const override { return plan_.one_at_a_time(); }
  void serialise() override { plan_.serialise(); }
  void work_with(std::size_t workers) override { plan_.work_with(workers); }
  [[nodiscard]] bool exhausted() const override { return plan_.exhausted(); }
  [[nodiscard]] bool finished() const override { return plan_.finished(); }

  [[nodiscard]] const std::set<dispatch::Subject>& handed_out() const { return handed_out_; }

  struct Told {
    dispatch::Subject subject = 0;
    bool recorded = false;
    job::Outcome outcome;
  };
  /// In the step under way.
  std::vector<Told> told;  ///< and not yet reported
  /// In the step under way: the subjects that are to run again, and that has not been reported.
  std::multiset<dispatch::Subject> again;
  bool was_told = false;
  bool stopped = false;

 private:
  dispatch::Plan& plan_;
  std::set<dispatch::Subject> handed_out_;
};

class Referee {
 public:
  Referee(dispatch::Plan& plan, const Conditions& conditions);

  /// The plan to be given to the dispatcher.
  [[nodiscard]] dispatch::Plan& plan() { return plan_; }

  void judge(std::span<const dispatch::Event> events, const dispatch::Step& step, Time now);

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  enum class State : std::uint8_t { starting, free, busy, lost, gone, retired };
  struct Worker {
    State state = State::starting;
    std::deque<job::JobId> jobs;
    Time heard{0};
    std::uint32_t restarts = 0;
    bool loss_told = false;        ///< in the step under way
    bool lost_for_good = false;    ///< and it was said that another start is of no use
    bool given_up = false;         ///< in the step under way
    bool to_restart = false;       ///< in the step under way: that it will be was reported
    std::uint32_t bad_ends = 0;    ///< in a row
    bool ended_by_others = false;  ///< its job was cancelled, and nobody here had asked for it
    bool told_room = false;        ///< that it makes room was reported
    bool makes_room = false;       ///< it met a limit of the machine while others worked
  };
  struct Job {
    job::WorkerId worker{};
    dispatch::Subject subject = 0;
    std::uint32_t attempt = 1;
    bool over = false;  ///< its end was told, or its worker lost
    bool cancelled = false;
    bool called_back = false;
    bool withdrawn = false;  ///< by the user, while it ran
    bool disturbed = false;  ///< it took what another one had
    bool copied = false;     ///< two of its subject ran at once
    bool reported = false;   ///< an Ended that is not late
    bool ran = false;        ///< of those of a lost worker: it was not waiting
    Time assigned{0};
    std::optional<job::Outcome> told;  ///< how it ended, as its worker said; nothing when the worker was lost
  };
  /// Where a subject was run before, and that it is to be run elsewhere.
  struct Before {
    job::WorkerId worker{};
    Time when{0};
  };

  void observe(const dispatch::Event& event, Time now);
  void observe_wish(const dispatch::Event& event);
  void withdraw(job::JobId id);
  void observe_took(const dispatch::Took& took, Time now);
  void end_job(Worker& worker, job::JobId ended);
  void end_all_jobs(Worker& worker);
  void judge_report(const dispatch::GivenUp& given_up, Time now);
  void judge_report(const dispatch::Collided& collided, Time now);
  void judge_report(const dispatch::Ended& ended, Time now);
  void judge_report(const dispatch::Skipped& skipped, Time now);
  void judge_report(const dispatch::RunsAgain& again, Time now);
  void judge_report(const dispatch::Resized& resized, Time now);
  void judge_outcome(const dispatch::Ended& ended, const Job& job);
  void judge_fate(const dispatch::Ended& ended, const Job& job);
  void judge_told(const dispatch::Ended& ended);
  void judge_action(const dispatch::Assign& assign, Time now);
  void judge_action(const dispatch::Cancel& cancel, Time now);
  void judge_action(const dispatch::Start& fresh, Time now);
  void judge_action(const dispatch::Restart& restart, Time now);
  void judge_action(const dispatch::Retire& retire, Time now);
  void judge_action(const dispatch::Stop& stop, Time now);
  void judge_place(const dispatch::Assign& assign, Time now);
  void judge_leases(Time now);
  void judge_pointless();
  void judge_wishes();
  [[nodiscard]] std::size_t living() const;
  void one_less();
  /// What every event had to bring about by the end of its step.
  void judge_completeness(Time now);
  void note_waiting(Time now);
  [[nodiscard]] bool waits(dispatch::Subject subject) const;
  void end_step();

  Worker& worker(job::WorkerId id);

  RefereedPlan plan_;
  const Conditions conditions_;
  std::vector<Worker> workers_;
  std::map<job::JobId, Job> jobs_;
  std::map<dispatch::Subject, std::set<job::JobId>> running_;
  std::map<dispatch::Subject, std::uint32_t> executions_;
  std::map<dispatch::Subject, std::uint32_t> retries_;  ///< since the plan got an outcome
  std::map<dispatch::Subject, Before> before_;
  std::vector<job::JobId> ended_;              ///< in the step under way
  std::vector<dispatch::Subject> counted_;     ///< in the step under way
  std::map<dispatch::Subject, Time> waiting_;  ///< for a worker, since when
  std::optional<Time> due_;                    ///< when one of them has to be run at the latest
  Time last_step_{0};
  std::map<job::Taken, std::set<job::JobId>> holders_;
  std::set<dispatch::Subject> skipped_;
  std::multiset<std::uint32_t> again_;     ///< wished for in the step under way
  std::set<dispatch::Subject> ran_again_;  ///< because the user wished it
  std::int64_t change_ = 0;                ///< of the number of workers, wished for in the step under way
  bool wished_ = false;                    ///< likewise, perhaps for nothing
  std::size_t surplus_ = 0;                ///< workers that have to go
  std::size_t to_start_ = 0;               ///< in the step under way
  bool collided_ = false;
  bool told_collision_ = false;
  bool interrupted_ = false;
  bool stopped_ = false;
  Tally tally_;
};

}  // namespace nmz::simulation
