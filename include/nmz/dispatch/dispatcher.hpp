// Workers times jobs: who runs what, what was lost, what is tried again.
//
// The dispatcher is a function of the events it is told and the time they carry: no I/O, no clock, no randomness. That
// is why whole runs, with every fault, can be simulated from a seed (tests/unit/simulation). The coordinator feeds it
// what the agents say and carries out the actions it answers with.
//
// Rules:
// - A job is one execution of one subject; its id is never reused. A worker runs one at a time. With Options::ahead it
//   may hold more, which wait at the worker until their turn: as many as it takes to hide what handing out costs, as
//   that and the durations are observed. When others are idle and the plan has no more, jobs that wait are called back.
// - Several events can be told in one step; work is handed out once, after all of them, so that verdicts which arrive
//   together are used together.
// - A worker that is silent for a lease is lost, exactly as one whose stream ended. What a lost worker says later is
//   late: reported, never counted. So is a job's end told twice, or for a job the worker does not run.
// - No lease runs while an agent starts: how long that may take is known to whoever starts it, who tells WorkerLost.
// - An outcome that tells about the infrastructure (unprepared, disk full, killed by SIGKILL from outside, lost,
//   cancelled by somebody else) is no verdict: the subject goes back to the plan and is run again until it had
//   max_attempts; then the plan gets the outcome and decides.
// - It is run again elsewhere where there is a choice: while another worker is busy or starting, it waits up to
//   `patience` for that one rather than burn its attempts where it failed. The free worker gets something else.
// - A cancelled job's subject stays with the plan until the job has ended. A verdict that beat the Cancel is evidence
//   and counts; otherwise the subject is given back, without an attempt being held against it.
// - With Options::gather a verdict waits a moment for those of jobs that have run about as long as its own: tests that
//   began together end together, and what is chosen after all of them is worth a round more than what is chosen after
//   the first. No longer than a 25th of what its own took, and not at all when no other is that old. (The first verdict
//   of a run waits for any: those that begin first wait for each other's workers and trees, which says nothing.)
// - A worker that failed three jobs in a row by itself (unprepared, disk full) is started anew.
// - A worker that meets a limit of the machine (disk space, processes, open files, memory) while others work is
//   retired: they may share what there is too little of, and fewer of them may get by. The last one that works never
//   is. That is no attempt of the subject's: with many workers one subject could meet the limit at each of them.
// - Of a lost worker's jobs only the one that ran was an attempt. Those that waited go back as if never handed out.
// - Once the plan is exhausted, workers that have nothing to do are retired, all but one, which takes over if another
//   is lost. With Options::speculate they stay instead, and each is given a copy of the job that runs longest, if that
//   is out of the ordinary. The first verdict of the two counts; the other one is cancelled and told as spare.
// - Two jobs that have taken the same thing (a port) at one time have disturbed each other, as far as anybody can tell:
//   neither verdict counts, both are cancelled and their subjects go back to the plan, without an attempt being held
//   against them. From then on one job runs at a time: what two tests of a run take, the next two take as well. What an
//   agent tells of this it tells before its job has it, so of what is told together that is heard first.
// - The plan may ask for that by itself (one_at_a_time), for as long as it likes.
// - The user can cancel a job: it is ended, and the plan gets the outcome `cancelled`, which is no verdict. Whatever
//   the job still says does not count: who cancels it may know that it would be wrong. A plan may hand its subject out
//   again (a search does, at once, for it still has to know; what hangs again can be skipped) or may leave it at that
//   (a list of workloads does: it is told as cancelled, neither passed nor failed). Of two copies only one is ended.
// - The user can skip a subject: it is not started any more, what runs of it is ended in the same way, and the plan
//   gets the outcome `skipped`; where nothing runs, when the plan hands it out the next time, without a worker. To a
//   search its commit is untestable then, as with exit 125. What has its verdict keeps it.
// - The user can have something run again that did not pass: its outcome is taken back from the plan, which says
// whether
//   it can be, and hands it out anew. It counts its executions on, and looks for a worker as anything else does.
// - The user can change the number of workers. More are started anew, under numbers of their own. Of fewer, those go
//   first that do nothing, or only start; else whoever ends its job first. One always stays. One that is lost meanwhile
//   is not started again. Until enough have gone nothing waits at a worker.
// - The user can pause: nothing is handed out until the pause ends, and what waits at a worker comes back. What runs
//   goes on, and its verdicts count.
// - After Stop the plan gets no outcome any more: its result stands. Ends that still come are reported as cancelled.
// - A step that comes later than deadline() asked for by more than a quarter of a lease shows that this program was
//   suspended or starved: every lease is extended by the time since the step before. (The time between steps alone
//   shows nothing: the silence of an only worker is that long as well.)
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/job/outcome.hpp"
#include "nmz/job/taken.hpp"

namespace nmz::dispatch {

/// Time since an origin the caller chose; monotonic.
using Time = std::chrono::nanoseconds;

// ---- events

/// The worker's agent has answered and is idle. Also after a restart.
struct WorkerReady {
  job::WorkerId worker{};
};
/// The stream ended or broke, or the worker could not be started. After Restart only the new agent's stream counts: the
/// end of the old one is no second loss and must not be told.
struct WorkerLost {
  job::WorkerId worker{};
  std::string reason;
  bool for_good = false;  ///< starting it again would fail in the same way
};
/// Any sign of life (a heartbeat, log, ...).
struct WorkerAlive {
  job::WorkerId worker{};
};
struct JobEnded {
  job::WorkerId worker{};
  job::JobId job{};
  job::Outcome outcome;
  std::chrono::nanoseconds took{0};  ///< of the test, as the agent measured it
};
/// The job is about to have it, until it ends.
struct Took {
  job::WorkerId worker{};
  job::JobId job{};
  job::Taken what;
};
/// The user wants the end: nothing new is handed out and what runs is cancelled.
struct Interrupted {};
/// The user: this job is to end, and does not count. One that has ended is left alone.
struct CancelJob {
  job::JobId job{};
};
/// The user: this subject is not to be run any more.
struct SkipSubject {
  Subject subject = 0;
};
/// The user: what did not pass is to be run once more; `item` as in Plan::run_again().
struct RunAgain {
  std::uint32_t item = 0;
};
/// The user: so many workers more, or fewer; never fewer than one.
struct ChangeWorkers {
  std::int32_t by = 0;
};
/// The user: nothing new is to begin, or it may again.
struct Pause {
  bool on = true;
};
/// Only time has passed.
struct Tick {};

using Event = std::variant<WorkerReady, WorkerLost, WorkerAlive, JobEnded, Interrupted, Tick, Took, CancelJob,
                           SkipSubject, RunAgain, ChangeWorkers, Pause>;

// ---- actions, to be carried out in order

struct Assign {
  job::WorkerId worker{};
  job::JobId job{};
  Subject subject = 0;
  std::uint32_t attempt = 1;  ///< 1 for the subject's first execution
};
/// The worker stays busy until its JobEnded (whatever the outcome says) or its loss.
struct Cancel {
  job::WorkerId worker{};
  job::JobId job{};
  bool only_if_waiting = false;  ///< a job that has begun goes on
};
/// Start a worker that there was not before; its number is one above the last. It becomes ready or lost.
struct Start {
  job::WorkerId worker{};
};
/// Start the worker's agent anew (end the old one first if it still exists).
struct Restart {
  job::WorkerId worker{};
};
/// The worker (idle, or still starting) is not needed any more and is to be ended. Nothing is told of it from then on.
/// With one that met a limit of the machine goes a GivenUp, and what waits at it is not to begin.
struct Retire {
  job::WorkerId worker{};
};
/// Nothing will run any more: the plan is finished, interrupted, or no worker is left. Emitted once.
struct Stop {
  enum class Why : std::uint8_t { finished, interrupted, no_workers };
  Why why = Why::finished;
};

using Action = std::variant<Assign, Cancel, Start, Restart, Retire, Stop>;

// ---- what happened, for whoever watches (views, logs, tests)

/// One execution has ended. `counted`: its outcome went to the plan. `cancelled`: as pointless or because of Stop.
/// `retried`: the subject went back to the plan, to be run again. `late`: nothing waited for it any more; it may be a
/// second report about an execution whose end was reported already. An id that was never handed out has attempt 0.
/// `returned`: it had waited at a worker and never began; the subject is handed out again with the same attempt.
/// `spare`: one of two copies of which the other one counts. `disturbed`: it met another job; nothing it says counts.
struct Ended {
  enum class Fate : std::uint8_t { counted, retried, cancelled, late, returned, spare, disturbed };
  Fate fate = Fate::counted;
  job::WorkerId worker{};
  job::JobId job{};
  Subject subject = 0;
  std::uint32_t attempt = 1;
  job::Outcome outcome;
  std::chrono::nanoseconds took{0};
};
struct GivenUp {
  job::WorkerId worker{};
  std::string reason;
  bool restarting = false;
  bool makes_room = false;  ///< not lost: fewer workers share what the machine has too little of
};
/// The first two jobs that had the same thing at one time. Told once.
struct Collided {
  job::Taken what;
  Subject subject = 0;
  Subject other = 0;
};
/// The plan handed out what the user has skipped, and was told so; nothing was run.
struct Skipped {
  Subject subject = 0;
  job::Outcome outcome;
};
/// The user has taken an outcome back, and the plan hands this subject out.
struct RunsAgain {
  std::uint32_t item = 0;
  Subject subject = 0;
};
/// The user has changed the number of workers.
struct Resized {
  std::uint32_t workers = 0;  ///< that stay, or start
  std::uint32_t leaving = 0;  ///< that end as soon as they have done their job
};
/// "3 workers from now on", for the user.
[[nodiscard]] std::string describe(const Resized& resized);

using Report = std::variant<Ended, GivenUp, Collided, Skipped, RunsAgain, Resized>;

struct Options {
  Options() = default;
  std::uint32_t max_attempts = 3;         ///< executions of one subject that may end in infrastructure outcomes
  std::uint32_t max_worker_restarts = 5;  ///< for each worker, within the run
  std::chrono::nanoseconds lease = std::chrono::seconds{10};
  /// How long a subject waits for another worker than the one where it was executed before.
  std::chrono::nanoseconds patience = std::chrono::seconds{60};
  std::uint32_t ahead = 0;  ///< most jobs that may wait at a worker; 0 for plans whose choice depends on each verdict
  std::chrono::nanoseconds gather{0};  ///< at most; for plans whose choice depends on each verdict
  bool speculate = false;  ///< run copies of the last jobs; subjects have to bear being executed twice at once
};

struct Step {
  std::vector<Action> actions;
  std::vector<Report> reports;
};

class Dispatcher {
 public:
  /// `plan` must outlive the dispatcher. `workers` workers, 0..workers-1, all expected to become ready or lost.
  Dispatcher(Plan& plan, std::uint32_t workers, Options options = Options());
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher() = default;

  /// Tells what happened at `now` (never earlier than before) and returns what is to be done.
  [[nodiscard]] Step step(std::span<const Event> events, Time now);

  /// When to call step() with a Tick at the latest; nothing while no lease runs.
  [[nodiscard]] std::optional<Time> deadline() const;

  [[nodiscard]] bool stopped() const;

 private:
  /// lost: in this step, its Restart is not out yet. gone: it will not be started again.
  enum class State : std::uint8_t { starting, idle, busy, lost, gone };
  struct Worker {
    State state = State::starting;
    std::deque<job::JobId> jobs;  ///< while busy: the one that runs, then those that wait
    Time front_since{0};          ///< when the first of them began, as far as we can tell
    std::uint32_t restarts = 0;
    std::uint32_t failures_in_a_row = 0;  ///< jobs this worker could not do, whatever they were
    Time heard{0};                        ///< on the lease clock
    std::list<job::WorkerId>::iterator lease;
  };
  /// Kept for the whole run: late messages are reported with what they were about.
  struct Job {
    job::WorkerId worker{};
    Subject subject = 0;
    std::uint32_t attempt = 1;
    bool cancelled = false;
    bool recalled = false;    ///< to go back if it has not begun
    bool superseded = false;  ///< another copy of it had the verdict
    bool crowded = false;     ///< it met a limit while others worked: that costs a worker, and no attempt
    bool withdrawn = false;   ///< by the user: nothing it says counts
    bool disturbed = false;   ///< it had what another job had at the same time
    bool to_idle = true;      ///< it was handed to a worker that had no other
    Time assigned{0};
    std::vector<job::Taken> taken;
  };
  struct SubjectState {
    bool with_us = false;  ///< handed out by the plan and neither recorded nor given back
    std::uint32_t executions = 0;
    std::uint32_t failures = 0;          ///< infrastructure outcomes since the last outcome the plan got
    std::optional<job::WorkerId> avoid;  ///< where the last one happened
    std::vector<job::JobId> running;     ///< copies; more than one only when speculating
  };
  struct Waiting {
    Subject subject = 0;
    Time until{0};
  };
  struct Placement {
    Subject subject = 0;
    job::WorkerId worker{};
  };

  void advance(Time now);
  void apply(const WorkerReady& event);
  void apply(const WorkerLost& event);
  void apply(const WorkerAlive& event);
  void apply(const JobEnded& event);
  void apply(const Interrupted& event);
  void apply(const CancelJob& event);
  void apply(const SkipSubject& event);
  void apply(const RunAgain& event);
  void apply(const ChangeWorkers& event);
  void apply(const Pause& event);
  void apply(const Tick& event);
  void apply(const Took& event);
  void disturb(job::JobId one, job::JobId other, const job::Taken& what);
  void release(job::JobId id);
  void expire_leases();
  void decide();
  void change_workers();
  void end_surplus();
  void count_out();
  [[nodiscard]] bool gathers();
  [[nodiscard]] std::chrono::nanoseconds gathering_time() const;
  [[nodiscard]] bool another_is_about_to_end() const;
  void cancel_superseded();
  void cancel_disturbed();
  void cancel_withdrawn();
  /// Nothing is handed out while anything runs.
  [[nodiscard]] bool one_at_a_time() const { return collided_ || plan_.one_at_a_time(); }
  [[nodiscard]] bool has_to_wait() const { return one_at_a_time() && busy_ > 0; }
  void cancel_pointless();
  void hand_out();
  [[nodiscard]] std::vector<Subject> take(std::size_t most);
  void withdraw(job::JobId id);
  void answer_skipped(Subject subject);
  [[nodiscard]] job::Outcome users_word(Subject subject) const;
  void hand_out_to_free();
  void hand_out_ahead();
  [[nodiscard]] std::size_t depth() const;
  void call_back();
  void call_all_back();
  [[nodiscard]] std::optional<job::JobId> to_call_back(const Worker& from) const;
  void speculate();
  [[nodiscard]] std::optional<job::JobId> straggler() const;
  void retire_idle();
  void retire(job::WorkerId id);
  void send_back(job::WorkerId id);
  void make_room(job::WorkerId id, const std::string& reason);

  void place_waiting();
  void place(const std::vector<Subject>& subjects);
  [[nodiscard]] std::optional<job::WorkerId> elsewhere(const SubjectState& subject) const;
  void assign(Subject subject, job::WorkerId id);
  void cancel(job::JobId id);
  [[nodiscard]] std::optional<Stop::Why> reason_to_stop() const;
  void stop(Stop::Why why);

  void make_idle(job::WorkerId id);
  void heard(job::WorkerId id);
  void give_up(job::WorkerId id, const std::string& reason, bool for_good = false);
  void replace_lost_workers(bool go_on);
  void end_job(job::WorkerId id, job::JobId ended, const job::Outcome& outcome, std::chrono::nanoseconds took);
  void end_all_jobs(job::WorkerId id, const std::string& reason);
  [[nodiscard]] Ended::Fate settle(job::JobId id, const job::Outcome& outcome);
  void learn_times(const Job& ended, std::chrono::nanoseconds took);
  void report_late(const JobEnded& event);
  void give_back(Subject subject);

  Worker& worker(job::WorkerId id) { return workers_.at(static_cast<std::size_t>(id)); }
  Job& job(job::JobId id) { return jobs_.at(static_cast<std::size_t>(id) - 1); }

  Plan& plan_;
  Options options_;
  std::vector<Worker> workers_;
  std::size_t living_ = 0;        ///< workers that are not gone
  std::size_t busy_ = 0;          ///< workers that run a job
  std::set<job::WorkerId> free_;  ///< lowest number first, for runs that can be reproduced
  std::list<job::WorkerId>
      leases_;             ///< idle and busy workers, the longest silent first: a lease lasts the same for all
  std::vector<Job> jobs_;  ///< by id, from 1
  std::unordered_map<Subject, SubjectState> subjects_;
  std::deque<Waiting> waiting_;  ///< with us, for want of another worker; oldest first
  std::optional<Time> gathers_since_;
  bool first_verdict_ = true;                  ///< none has been used yet
  std::chrono::nanoseconds gathers_after_{0};  ///< how long the job lasted whose verdict waits
  std::vector<job::WorkerId> fed_;             ///< in the step under way: busy workers with room for more, perhaps
  std::set<job::WorkerId> with_queue_;         ///< those where jobs wait
  std::chrono::nanoseconds usual_{0};          ///< moving average of what jobs take; 0 = not known yet
  std::chrono::nanoseconds overhead_{0};       ///< and of what handing one out costs beyond that
  Time now_{0};
  Time suspended_{0};                   ///< the lease clock is now_ - suspended_
  std::vector<GivenUp> given_up_;       ///< in the step under way
  std::vector<job::JobId> superseded_;  ///< in the step under way
  std::vector<job::JobId> disturbed_;   ///< likewise
  std::map<job::Taken, std::vector<job::JobId>> holders_;
  std::vector<job::JobId> withdrawn_;  ///< likewise
  std::set<Subject> skipped_;          ///< by the user
  std::int64_t change_ = 0;            ///< of the number of workers, in the step under way
  bool resized_ = false;               ///< in the step under way, perhaps by nothing
  std::size_t surplus_ = 0;            ///< workers that are to go; fewer than live
  bool answered_ = false;              ///< what was skipped, in the round of decisions under way
  bool collided_ = false;
  bool plan_changed_ = true;   ///< it got an outcome or a subject back in this step
  bool plan_has_more_ = true;  ///< it has not yet said otherwise since it changed
  bool interrupted_ = false;
  bool paused_ = false;
  bool stopped_ = false;
  Step out_;  ///< of the step under way
};

}  // namespace nmz::dispatch
