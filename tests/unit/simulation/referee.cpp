#include "referee.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace nmz::simulation {
namespace {

using dispatch::Ended;

void demand(bool kept, const char* rule) {
  if (!kept) throw RuleBroken(rule);
}

void demand(bool kept, const char* rule, job::JobId job) {
  if (!kept) throw RuleBroken(fmt::format("{} (job {})", rule, static_cast<std::uint64_t>(job)));
}

/// By the words of dispatcher.hpp, not by its code: what tells about the infrastructure is no verdict.
bool is_no_verdict(const job::Outcome& outcome) {
  constexpr std::int32_t killed = 9;
  switch (outcome.kind) {
    case job::OutcomeKind::unprepared:
    case job::OutcomeKind::lost:
    case job::OutcomeKind::cancelled:
    case job::OutcomeKind::skipped:
      return true;
    case job::OutcomeKind::signaled:
      return outcome.code == killed || outcome.disk_full;
    case job::OutcomeKind::exited:
      return outcome.code != 0 && outcome.disk_full;
    default:
      return outcome.disk_full;
  }
}

}  // namespace

// ---- the plan

std::vector<dispatch::Subject> RefereedPlan::next(std::size_t count) {
  demand(!stopped, "the plan is asked for more after Stop");
  demand(count > 0, "the plan is asked for nothing");
  std::vector<dispatch::Subject> subjects = plan_.next(count);
  demand(subjects.size() <= count, "the plan hands out more than it was asked for");
  for (const dispatch::Subject subject : subjects) {
    demand(handed_out_.insert(subject).second, "the plan hands out a running subject");
  }
  return subjects;
}

void RefereedPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  demand(!stopped, "an outcome is recorded after Stop");
  demand(handed_out_.erase(subject) == 1, "a subject is recorded that was not handed out");
  was_told = true;
  told.push_back({subject, true, outcome});
  plan_.record(subject, outcome);
}

void RefereedPlan::give_back(dispatch::Subject subject) {
  demand(handed_out_.erase(subject) == 1, "a subject is given back that was not handed out");
  was_told = true;
  told.push_back({subject, false, {}});
  plan_.give_back(subject);
}

std::optional<dispatch::Subject> RefereedPlan::run_again(std::uint32_t item) {
  demand(!stopped, "the plan is asked to run something again after Stop");
  const std::optional<dispatch::Subject> subject = plan_.run_again(item);
  if (!subject) return std::nullopt;
  demand(!handed_out_.contains(*subject), "the plan runs something again that runs");
  again.insert(*subject);
  return subject;
}

// ---- the dispatcher

Referee::Referee(dispatch::Plan& plan, const Conditions& conditions)
    : plan_(plan), conditions_(conditions), workers_(conditions.workers) {}

Referee::Worker& Referee::worker(job::WorkerId id) { return workers_.at(static_cast<std::size_t>(id)); }

void Referee::judge(std::span<const dispatch::Event> events, const dispatch::Step& step, Time now) {
  const bool was_stopped = stopped_;
  const bool in_time = !due_ || now <= *due_ || conditions_.faults.suspended_at;
  demand(in_time, "a subject waits longer than its patience, and a worker is free");
  for (const dispatch::Event& event : events) {
    if (const auto* took = std::get_if<dispatch::Took>(&event)) observe_took(*took, now);
  }
  for (const dispatch::Event& event : events) observe(event, now);
  // Told last of all, though the worker's jobs ended with it.
  for (const dispatch::Report& report : step.reports) {
    if (const auto* given_up = std::get_if<dispatch::GivenUp>(&report)) worker(given_up->worker).given_up = true;
  }
  for (const dispatch::Report& report : step.reports) {
    std::visit([&](const auto& it) { judge_report(it, now); }, report);
  }
  if (!stopped_) judge_wishes();
  const bool all_explained = std::ranges::none_of(plan_.told, [](const auto& told) { return told.recorded; });
  demand(all_explained, "an outcome is recorded and not reported");
  for (const dispatch::Action& action : step.actions) {
    demand(!stopped_, "an action after Stop");
    std::visit([&](const auto& it) { judge_action(it, now); }, action);
  }
  if (!stopped_) demand(to_start_ == 0, "the user wants more workers and they are not started");
  if (!was_stopped) judge_completeness(now);
  if (!stopped_ && plan_.was_told) judge_pointless();
  note_waiting(now);
  last_step_ = now;
  end_step();
}

void Referee::end_step() {
  plan_.told.clear();
  plan_.was_told = false;
  demand(plan_.again.empty(), "the plan runs something again and nobody is told");
  again_.clear();
  ended_.clear();
  counted_.clear();
  change_ = 0;
  wished_ = false;
  for (Worker& one : workers_) one.loss_told = one.lost_for_good = one.given_up = one.to_restart = false;
}

/// Since when which subjects are with the dispatcher and run nowhere, and when one of them has to be run at the latest.
void Referee::note_waiting(Time now) {
  std::erase_if(waiting_, [this](const auto& one) { return !waits(one.first); });
  for (const dispatch::Subject subject : plan_.handed_out()) {
    if (waits(subject)) waiting_.try_emplace(subject, now);
  }
  due_.reset();
  const auto is_free = [](const Worker& one) { return one.state == State::free; };
  if (stopped_ || std::ranges::none_of(workers_, is_free)) return;
  const auto is_busy = [](const Worker& one) { return one.state == State::busy; };
  const bool one_at_a_time = collided_ || plan_.one_at_a_time();
  if (one_at_a_time && std::ranges::any_of(workers_, is_busy)) return;
  for (const auto& [subject, since] : waiting_) {
    const Time latest = std::max(since + conditions_.options.patience, now) + conditions_.options.gather;
    due_ = std::min(due_.value_or(latest), latest);
  }
}

bool Referee::waits(dispatch::Subject subject) const {
  const auto found = running_.find(subject);
  return plan_.handed_out().contains(subject) && (found == running_.end() || found->second.empty());
}

void Referee::judge_pointless() {
  for (const dispatch::Subject subject : plan_.pointless()) {
    for (const job::JobId job : running_[subject]) {
      demand(jobs_.at(job).cancelled, "a pointless job is left running", job);
    }
  }
}

std::size_t Referee::living() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      workers_, [](const Worker& one) { return one.state != State::gone && one.state != State::retired; }));
}

/// Whoever goes, and for whatever reason, is one of those that have to.
void Referee::one_less() {
  if (surplus_ > 0) --surplus_;
}

/// Before the actions of the step, and after what is told of lost workers.
void Referee::judge_wishes() {
  const std::int64_t change = std::exchange(change_, 0);
  if (change > 0) {
    const std::size_t stay = std::min(surplus_, static_cast<std::size_t>(change));
    surplus_ -= stay;
    to_start_ = static_cast<std::size_t>(change) - stay;
  } else if (living() > 0) {
    surplus_ = std::min(surplus_ + static_cast<std::size_t>(-change), living() - 1);
  }
}

void Referee::judge_completeness(Time now) {
  for (const job::JobId job : ended_) demand(jobs_.at(job).reported, "a job has ended and nothing is reported", job);
  for (const Worker& one : workers_) {
    demand(!one.to_restart, "a worker is to be started anew and is not");
    const bool lives = one.state == State::starting || one.state == State::free || one.state == State::busy;
    demand(!one.loss_told || !lives || one.given_up, "a worker is lost and not given up");
    demand(one.bad_ends < 3 || !lives, "a worker failed three jobs in a row and is not given up");
  }
  for (const dispatch::Subject subject : counted_) {
    for (const job::JobId copy : running_[subject]) {
      const bool anew = jobs_.at(copy).assigned == now;
      demand(anew || jobs_.at(copy).cancelled, "a copy runs on of what has its verdict", copy);
    }
  }
  for (const Worker& one : workers_) {
    for (const job::JobId id : one.jobs) {
      const Job& job = jobs_.at(id);
      const bool to_end = job.withdrawn || skipped_.contains(job.subject);
      demand(!to_end || job.cancelled, "the user has taken a job out and it runs on", id);
    }
  }
  if (stopped_) return;
  judge_leases(now);
  const auto does_nothing = [](const Worker& one) { return one.state == State::free || one.state == State::starting; };
  demand(surplus_ == 0 || std::ranges::none_of(workers_, does_nothing),
         "the user wants fewer workers, and one that does nothing stays");
}

/// Where the coordinator is suspended, leases are extended by as much as it slept: nothing is demanded there.
void Referee::judge_leases(Time now) {
  if (conditions_.faults.suspended_at) return;
  for (const Worker& one : workers_) {
    const bool has_lease = one.state == State::free || one.state == State::busy;
    demand(!has_lease || now - one.heard < conditions_.options.lease,
           "a worker is silent for a lease and not given up");
  }
}

void Referee::observe(const dispatch::Event& event, Time now) {
  if (const auto* ready = std::get_if<dispatch::WorkerReady>(&event)) {
    Worker& it = worker(ready->worker);
    it.heard = now;
    if (it.state != State::starting && it.state != State::busy) return;
    end_all_jobs(it);
    it.state = State::free;
  } else if (const auto* alive = std::get_if<dispatch::WorkerAlive>(&event)) {
    worker(alive->worker).heard = now;
  } else if (const auto* lost = std::get_if<dispatch::WorkerLost>(&event)) {
    worker(lost->worker).loss_told = true;
    if (lost->for_good) worker(lost->worker).lost_for_good = true;
  } else if (const auto* ended = std::get_if<dispatch::JobEnded>(&event)) {
    Worker& it = worker(ended->worker);
    it.heard = now;
    if (it.state != State::busy || std::ranges::find(it.jobs, ended->job) == it.jobs.end()) return;
    Job& job = jobs_.at(ended->job);
    job.told = ended->outcome;
    const bool asked_for = job.cancelled || job.called_back || job.withdrawn || stopped_;
    it.ended_by_others = it.ended_by_others || (ended->outcome.kind == job::OutcomeKind::cancelled && !asked_for);
    end_job(it, ended->job);
    if (it.jobs.empty()) it.state = State::free;
    const bool others_work =
        std::ranges::any_of(workers_, [&](const Worker& one) { return &one != &it && one.state == State::busy; });
    it.makes_room = it.makes_room || (ended->outcome.disk_full && others_work);
    const bool bad = ended->outcome.kind == job::OutcomeKind::unprepared || ended->outcome.disk_full;
    // Three are enough, whatever is told in the same step after them.
    const bool settled = it.bad_ends >= 3 || ended->outcome.kind == job::OutcomeKind::cancelled;
    if (!settled) it.bad_ends = bad ? it.bad_ends + 1 : 0;
  } else if (std::holds_alternative<dispatch::Interrupted>(event)) {
    interrupted_ = true;
  } else if (!stopped_) {
    observe_wish(event);
  }
}

void Referee::observe_wish(const dispatch::Event& event) {
  if (const auto* cancel = std::get_if<dispatch::CancelJob>(&event)) {
    if (jobs_.contains(cancel->job)) withdraw(cancel->job);
  } else if (const auto* skip = std::get_if<dispatch::SkipSubject>(&event)) {
    skipped_.insert(skip->subject);
    for (const job::JobId job : running_[skip->subject]) withdraw(job);
  } else if (const auto* again = std::get_if<dispatch::RunAgain>(&event)) {
    again_.insert(again->item);
  } else if (const auto* change = std::get_if<dispatch::ChangeWorkers>(&event)) {
    change_ += change->by;
    wished_ = true;
  }
}

/// Unless it has ended by then, perhaps with its worker.
void Referee::withdraw(job::JobId id) {
  Job& job = jobs_.at(id);
  const Worker& where = worker(job.worker);
  const bool goes = where.loss_told || where.makes_room || where.ended_by_others || where.bad_ends >= 3;
  if (!job.over && !goes) job.withdrawn = true;
}

void Referee::judge_report(const dispatch::RunsAgain& again, Time /*now*/) {
  const auto wish = again_.find(again.item);
  demand(wish != again_.end(), "a subject is called run again and the user did not wish it");
  again_.erase(wish);
  const auto accepted = plan_.again.find(again.subject);
  demand(accepted != plan_.again.end(), "a subject is called run again and the plan did not agree");
  plan_.again.erase(accepted);
  ran_again_.insert(again.subject);
  ++tally_.again;
}

void Referee::judge_report(const dispatch::Skipped& skipped, Time /*now*/) {
  demand(skipped_.contains(skipped.subject), "a subject is called skipped and the user did not");
  demand(skipped.outcome.kind == job::OutcomeKind::skipped, "what is skipped has another outcome");
  // Of what is run again a copy may still be about to end that was not needed for its outcome.
  demand(running_[skipped.subject].empty() || ran_again_.contains(skipped.subject),
         "a subject is called skipped without an execution, and runs");
  const auto told = std::ranges::find_if(plan_.told, [&](const RefereedPlan::Told& one) {
    return one.subject == skipped.subject && one.recorded && one.outcome == skipped.outcome;
  });
  demand(told != plan_.told.end(), "the plan was not told what is reported as skipped");
  plan_.told.erase(told);
  ++tally_.skipped;
}

void Referee::judge_report(const dispatch::Resized& resized, Time /*now*/) {
  demand(std::exchange(wished_, false), "the number of workers is told to change, and nobody wished it");
  demand(resized.workers >= 1, "no worker is to stay");
}

/// Of what is told together this is heard first.
void Referee::observe_took(const dispatch::Took& took, Time now) {
  Worker& it = worker(took.worker);
  it.heard = now;
  if (it.state != State::busy || std::ranges::find(it.jobs, took.job) == it.jobs.end()) return;
  std::set<job::JobId>& holders = holders_[took.what];
  holders.insert(took.job);
  if (holders.size() < 2) return;
  collided_ = true;
  for (const job::JobId holder : holders) jobs_.at(holder).disturbed = true;
}

void Referee::judge_report(const dispatch::Collided& /*collided*/, Time /*now*/) {
  demand(collided_ && !std::exchange(told_collision_, true), "a collision is told that was not, or twice");
}

void Referee::end_job(Worker& worker, job::JobId ended) {
  for (auto& [what, holders] : holders_) holders.erase(ended);
  Job& job = jobs_.at(ended);
  job.over = true;
  running_[job.subject].erase(ended);
  std::erase(worker.jobs, ended);
  ended_.push_back(ended);
}

void Referee::end_all_jobs(Worker& worker) {
  if (!worker.jobs.empty()) jobs_.at(worker.jobs.front()).ran = true;
  while (!worker.jobs.empty()) end_job(worker, worker.jobs.front());
}

void Referee::judge_report(const dispatch::GivenUp& given_up, Time now) {
  Worker& it = worker(given_up.worker);
  const bool silent = now - it.heard >= conditions_.options.lease;
  const bool had_lease = it.state == State::free || it.state == State::busy;
  // A step that comes so late shows that the coordinator slept, and no worker is to blame for that.
  const bool slept = now - last_step_ > conditions_.options.lease * 5 / 4;
  const bool by_lease = silent && had_lease && !slept;
  demand(it.loss_told || by_lease || it.bad_ends >= 3 || it.makes_room || it.ended_by_others,
         "a worker is given up without a reason");
  demand(it.state != State::lost && it.state != State::gone && it.state != State::retired,
         "a worker is given up twice");
  end_all_jobs(it);
  const bool for_good = it.lost_for_good || it.restarts == conditions_.options.max_worker_restarts;
  demand(!for_good || !given_up.restarting, "a worker is restarted too often");
  const bool leaves = surplus_ > 0;
  demand(!leaves || !given_up.restarting, "a worker is restarted that the user does not want");
  if (for_good || leaves || !given_up.restarting) one_less();
  it.state = for_good || leaves || given_up.makes_room ? State::gone : State::lost;
  it.to_restart = given_up.restarting;
  it.told_room = given_up.makes_room;
  it.bad_ends = 0;
  it.ended_by_others = false;
  ++tally_.given_up;
}

void Referee::judge_report(const Ended& ended, Time now) {
  if (ended.fate == Ended::Fate::late) {
    ++tally_.late;
    return;
  }
  const auto found = jobs_.find(ended.job);
  demand(found != jobs_.end(), "the end of a job that never was is reported", ended.job);
  Job& job = found->second;
  demand(!std::exchange(job.reported, true), "a job's end is reported twice", ended.job);
  const bool right = job.worker == ended.worker && job.subject == ended.subject && job.attempt == ended.attempt;
  demand(right, "a job's end is reported wrongly", ended.job);
  judge_outcome(ended, job);
  if (ended.fate == Ended::Fate::spare) {
    if (job.withdrawn) ++tally_.withdrawn;
    demand(job.copied, "a job is called spare and had no copy", ended.job);
    ++tally_.spare;
    return;
  }
  if (stopped_) demand(ended.fate == Ended::Fate::cancelled, "an end after Stop is not `cancelled`", ended.job);
  judge_told(ended);
  judge_fate(ended, job);
  const bool ran = ended.fate == Ended::Fate::counted || ended.fate == Ended::Fate::retried;
  if (ran) before_[ended.subject] = Before{ended.worker, now};
  if (job.withdrawn) before_.erase(ended.subject);
}

/// It is the outcome that the worker told; or that it was lost, where it was, or somebody else cancelled its job.
void Referee::judge_outcome(const Ended& ended, const Job& job) {
  const Worker& where = worker(ended.worker);
  const bool lost = ended.outcome.kind == job::OutcomeKind::lost;
  const bool never_began = ended.outcome.kind == job::OutcomeKind::cancelled && conditions_.options.ahead > 0;
  const bool with_worker = (lost || never_began) && (where.given_up || !job.told || stopped_);
  const bool by_others = lost && job.told && job.told->kind == job::OutcomeKind::cancelled && !job.cancelled;
  const bool asked_for = job.cancelled || job.called_back;
  const bool strange = job.told && job.told->kind == job::OutcomeKind::cancelled && !asked_for;
  const bool skipped = ended.outcome.kind == job::OutcomeKind::skipped && skipped_.contains(ended.subject);
  const bool as_wished = job.withdrawn && (skipped || ended.outcome.kind == job::OutcomeKind::cancelled);
  const bool decided = stopped_ || ended.fate == Ended::Fate::spare;  // by then, or by another copy
  demand(as_wished || decided || !job.withdrawn, "the end of a job that the user took out counts as a verdict",
         ended.job);
  if (as_wished) return;
  const bool as_told = job.told && !strange && ended.outcome == *job.told;
  demand(as_told || by_others || with_worker, "an outcome is reported that nobody told", ended.job);
  const bool ran = job.told || job.ran || (!where.jobs.empty() && where.jobs.front() == ended.job);
  demand(!lost || ran, "a job that waited at a lost worker is called lost", ended.job);
}

void Referee::judge_told(const Ended& ended) {
  const bool counted = ended.fate == Ended::Fate::counted;
  const auto told = std::ranges::find_if(plan_.told, [&](const RefereedPlan::Told& one) {
    return one.subject == ended.subject && one.recorded == counted && (!counted || one.outcome == ended.outcome);
  });
  demand(told != plan_.told.end(), "the plan was not told what is reported", ended.job);
  plan_.told.erase(told);
}

void Referee::judge_fate(const Ended& ended, const Job& job) {
  const bool no_verdict = is_no_verdict(ended.outcome);
  std::uint32_t& retries = retries_[ended.subject];
  if (job.withdrawn && !stopped_) {
    demand(ended.fate == Ended::Fate::counted, "the plan does not hear that the user took a job out", ended.job);
    retries = 0;
    counted_.push_back(ended.subject);
    ++tally_.withdrawn;
    return;
  }
  const bool crowded = worker(ended.worker).makes_room && ended.outcome.disk_full;
  demand(!job.disturbed || stopped_ || ended.fate == Ended::Fate::disturbed, "a disturbed job counts", ended.job);
  switch (ended.fate) {
    case Ended::Fate::disturbed:
      demand(job.disturbed, "a job is called disturbed and met no other", ended.job);
      ++tally_.disturbed;
      break;
    case Ended::Fate::counted:
      demand(!no_verdict || (!crowded && retries + 1 == conditions_.options.max_attempts),
             "an outcome that is no verdict is counted while attempts are left", ended.job);
      retries = 0;
      counted_.push_back(ended.subject);
      ++tally_.counted;
      break;
    case Ended::Fate::retried:
      demand(no_verdict, "a verdict is thrown away", ended.job);
      if (!crowded) ++retries;  // it costs a worker, of which there is a last one
      demand(retries < conditions_.options.max_attempts, "a subject is tried too often", ended.job);
      ++tally_.retried;
      break;
    case Ended::Fate::returned: {
      demand(ended.outcome.kind == job::OutcomeKind::cancelled, "a job is called returned and has run", ended.job);
      const bool went_with_worker = worker(ended.worker).state != State::busy || conditions_.options.ahead > 0;
      demand(job.called_back || went_with_worker, "a job is called returned and was not called back", ended.job);
      --executions_[ended.subject];
      ++tally_.returned;
      break;
    }
    default:
      demand(job.cancelled || stopped_, "a job is called cancelled and was not", ended.job);
      demand(stopped_ || no_verdict, "a verdict that beat its Cancel is thrown away", ended.job);
      ++tally_.cancelled;
  }
}

/// Elsewhere than before, unless there is nobody else or patience is at an end.
void Referee::judge_place(const dispatch::Assign& assign, Time now) {
  const auto before = before_.find(assign.subject);
  if (before == before_.end() || before->second.worker != assign.worker) return;
  const auto living = std::ranges::count_if(
      workers_, [](const Worker& one) { return one.state != State::gone && one.state != State::retired; });
  demand(living == 1 || now - before->second.when >= conditions_.options.patience,
         "a subject is run again where it failed, and others are there", assign.job);
}

void Referee::judge_action(const dispatch::Assign& assign, Time now) {
  demand(!skipped_.contains(assign.subject), "a subject runs that the user has skipped", assign.job);
  demand(surplus_ == 0, "a job is handed out while a worker has to go", assign.job);
  Worker& it = worker(assign.worker);
  const bool has_room = it.state == State::busy && it.jobs.size() <= conditions_.options.ahead;
  demand(it.state == State::free || has_room, "a job for a worker that is not free", assign.job);
  const bool beside = std::ranges::any_of(workers_, [](const Worker& one) { return !one.jobs.empty(); });
  demand(!beside || !(collided_ || plan_.one_at_a_time()), "a job runs beside another and must not", assign.job);
  demand(jobs_.empty() || assign.job > jobs_.rbegin()->first, "a job id is used again", assign.job);
  std::set<job::JobId>& copies = running_[assign.subject];
  std::erase_if(copies, [this](job::JobId one) { return jobs_.at(one).copied && jobs_.at(one).cancelled; });
  demand(copies.size() <= (conditions_.options.speculate ? 1U : 0U), "a subject runs twice at once", assign.job);
  demand(assign.attempt == ++executions_[assign.subject], "an attempt is numbered wrongly", assign.job);
  if (copies.empty()) judge_place(assign, now);
  Job& job = jobs_[assign.job];
  job.worker = assign.worker;
  job.subject = assign.subject;
  job.attempt = assign.attempt;
  job.assigned = now;
  for (const job::JobId copy : copies) jobs_.at(copy).copied = jobs_.at(assign.job).copied = true;
  copies.insert(assign.job);
  it.state = State::busy;
  it.jobs.push_back(assign.job);
  ++tally_.executions;
}

void Referee::judge_action(const dispatch::Cancel& cancel, Time /*now*/) {
  const auto found = jobs_.find(cancel.job);
  demand(found != jobs_.end() && !found->second.over, "a job is cancelled that does not run", cancel.job);
  demand(found->second.worker == cancel.worker, "a job is cancelled on the wrong worker", cancel.job);
  bool& before = cancel.only_if_waiting ? found->second.called_back : found->second.cancelled;
  demand(!std::exchange(before, true), "a job is cancelled twice", cancel.job);
}

void Referee::judge_action(const dispatch::Start& fresh, Time /*now*/) {
  demand(static_cast<std::size_t>(fresh.worker) == workers_.size(), "a new worker has the number of another");
  demand(to_start_ > 0, "a worker is started that nobody wished for");
  --to_start_;
  workers_.emplace_back();
  ++tally_.started;
}

void Referee::judge_action(const dispatch::Restart& restart, Time /*now*/) {
  Worker& it = worker(restart.worker);
  demand(it.state == State::lost, "a worker is restarted that was not given up");
  demand(++it.restarts <= conditions_.options.max_worker_restarts, "a worker is restarted too often");
  demand(std::exchange(it.to_restart, false), "a worker is restarted and nobody was told");
  it.state = State::starting;
  ++tally_.restarts;
}

void Referee::judge_action(const dispatch::Retire& retire, Time /*now*/) {
  Worker& it = worker(retire.worker);
  const bool goes = it.makes_room && (it.state == State::lost || it.state == State::gone);
  if (surplus_ > 0 && !goes) {
    demand(it.state == State::free || it.state == State::starting, "a worker is to go and has work, or is gone");
    one_less();
    it.state = State::retired;
    demand(living() > 0, "the last worker is retired");
    ++tally_.surplus;
    return;
  }
  demand(goes == it.told_room, "a worker that makes room is called lost, or the reverse");
  demand(goes || it.state == State::free || it.state == State::starting,
         "a worker is retired that has work or is gone");
  demand(goes || plan_.exhausted(), "a worker is retired while there is more to do");
  const bool nothing_waits = std::ranges::none_of(plan_.handed_out(), [this](auto one) { return waits(one); });
  demand(goes || nothing_waits, "a worker is retired while a subject waits for one");
  it.state = State::retired;
  const bool one_is_left = std::ranges::any_of(
      workers_, [](const Worker& one) { return one.state == State::free || one.state == State::busy; });
  // That others work when one makes room is judged when its job ends; they may be lost in the same step.
  demand(goes || one_is_left, "the last worker is retired");
  ++tally_.retired;
}

void Referee::judge_action(const dispatch::Stop& stop, Time /*now*/) {
  stopped_ = plan_.stopped = true;
  for (const auto& [subject, copies] : running_) {
    for (const job::JobId job : copies) {
      demand(jobs_.at(job).cancelled, "Stop leaves a job running that was not cancelled", job);
    }
  }
  const bool lost = std::ranges::all_of(
      workers_, [](const Worker& it) { return it.state == State::gone || it.state == State::retired; });
  switch (stop.why) {
    case dispatch::Stop::Why::finished:
      demand(plan_.finished(), "Stop says finished and the plan is not");
      break;
    case dispatch::Stop::Why::interrupted:
      demand(interrupted_, "Stop says interrupted and nobody did");
      break;
    case dispatch::Stop::Why::no_workers:
      demand(lost, "Stop says that no worker is left and one is");
      break;
  }
}

}  // namespace nmz::simulation
