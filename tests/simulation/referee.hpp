// Watches every step of a run and throws RuleBroken at the first thing a dispatcher must not do.
//
// It keeps books of its own, from the events and the actions alone, and stands between the dispatcher and the plan, so
// that what the dispatcher tells the plan can be compared with what it reports. The rules are those in the head of
// dispatcher.hpp; the books are kept in the plainest way, one map for each question.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
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
};

/// Between the dispatcher and the plan it is to use: checks who holds which subject, and notes what the plan is told.
class RefereedPlan final : public dispatch::Plan {
 public:
  explicit RefereedPlan(dispatch::Plan& plan) : plan_(plan) {}

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const wire::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override { return plan_.pointless(); }
  [[nodiscard]] bool exhausted() const override { return plan_.exhausted(); }
  [[nodiscard]] bool finished() const override { return plan_.finished(); }

  struct Told {
    dispatch::Subject subject = 0;
    bool recorded = false;
    wire::Outcome outcome;
  };
  /// In the step under way.
  std::vector<Told> told;  ///< and not yet reported
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
  enum class State : std::uint8_t { starting, free, busy, lost, retired };
  struct Worker {
    State state = State::starting;
    std::deque<wire::JobId> jobs;
    Time heard{0};
    std::uint32_t restarts = 0;
    bool loss_told = false;      ///< in the step under way
    std::uint32_t bad_ends = 0;  ///< in a row
    bool makes_room = false;     ///< it met a limit of the machine while others worked
  };
  struct Job {
    wire::WorkerId worker{};
    dispatch::Subject subject = 0;
    bool over = false;  ///< its end was told, or its worker lost
    bool cancelled = false;
    bool called_back = false;
    bool copied = false;    ///< two of its subject ran at once
    bool reported = false;  ///< an Ended that is not late
  };

  void observe(const dispatch::Event& event, Time now);
  void end_job(Worker& worker, wire::JobId ended);
  void end_all_jobs(Worker& worker);
  void judge_report(const dispatch::GivenUp& given_up, Time now);
  void judge_report(const dispatch::Ended& ended, Time now);
  void judge_action(const dispatch::Assign& assign);
  void judge_action(const dispatch::Cancel& cancel);
  void judge_action(const dispatch::Restart& restart);
  void judge_action(const dispatch::Retire& retire);
  void judge_action(const dispatch::Stop& stop);

  Worker& worker(wire::WorkerId id);

  RefereedPlan plan_;
  const Conditions conditions_;
  std::vector<Worker> workers_;
  std::map<wire::JobId, Job> jobs_;
  std::map<dispatch::Subject, std::set<wire::JobId>> running_;
  std::map<dispatch::Subject, std::uint32_t> executions_;
  std::map<dispatch::Subject, std::uint32_t> retries_;  ///< since the plan got an outcome
  bool interrupted_ = false;
  bool stopped_ = false;
  Tally tally_;
};

}  // namespace nmz::simulation
