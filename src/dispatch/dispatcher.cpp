// One step: the clock moves, every event is applied, silent workers are given up; only then is it decided whether to
// stop, what became pointless and who gets what, so that everything told together is used together.
//
// A run has up to a thousand workers and a hundred thousand subjects, so no step looks at all workers: leases last the
// same for everybody and therefore end in the order in which workers were last heard (a list, spliced), free workers
// are a set, and the plan is asked only when it was told something or had more to give. Only Stop walks over all.
#include "nmz/dispatch/dispatcher.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace nmz::dispatch {
namespace {

constexpr std::uint32_t failures_until_restart = 3;

/// The disk was full when the command failed: that it failed tells nothing about the subject.
bool failed_for_space(const wire::Outcome& outcome) {
  if (!outcome.disk_full) return false;
  switch (outcome.kind) {
    case wire::OutcomeKind::exited:
      return outcome.code != 0;
    case wire::OutcomeKind::signaled:
    case wire::OutcomeKind::timed_out:
    case wire::OutcomeKind::build_failed:
      return true;
    default:
      return false;
  }
}

/// The worker's own fault: another job would have failed there as well.
bool blames_worker(const wire::Outcome& outcome) {
  return outcome.kind == wire::OutcomeKind::unprepared || failed_for_space(outcome);
}

/// Tells about the infrastructure, not about the subject. SIGKILL that was not ours is the kernel's (out of memory) or
/// an operator's.
bool is_infrastructure(const wire::Outcome& outcome) {
  return blames_worker(outcome) || outcome.kind == wire::OutcomeKind::lost ||
         outcome.kind == wire::OutcomeKind::cancelled ||
         (outcome.kind == wire::OutcomeKind::signaled && outcome.code == SIGKILL);
}

wire::Outcome lost_outcome(const std::string& reason) {
  wire::Outcome outcome;
  outcome.kind = wire::OutcomeKind::lost;
  outcome.detail = reason;
  return outcome;
}

}  // namespace

Dispatcher::Dispatcher(Plan& plan, std::uint32_t workers, Options options)
    : plan_(plan), options_(options), workers_(workers), living_(workers) {
  for (Worker& one : workers_) one.lease = leases_.end();
}

Step Dispatcher::step(std::span<const Event> events, Time now) {
  advance(now);
  for (const Event& event : events) {
    std::visit([this](const auto& what) { apply(what); }, event);
  }
  if (!stopped_) {
    expire_leases();
    const auto why = reason_to_stop();
    replace_lost_workers(!why);
    if (why) {
      stop(*why);
    } else {
      cancel_pointless();
      hand_out();
    }
  }
  plan_changed_ = false;
  return std::exchange(out_, Step{});
}

std::optional<Time> Dispatcher::deadline() const {
  if (stopped_) return std::nullopt;
  std::optional<Time> due;
  if (!leases_.empty()) {
    const Worker& silent_longest = workers_.at(static_cast<std::size_t>(leases_.front()));
    due = silent_longest.heard + suspended_ + options_.lease;
  }
  // Without a free worker the end of its patience would change nothing for a waiting subject.
  if (!waiting_.empty() && !free_.empty()) due = std::min(due.value_or(Time::max()), waiting_.front().until);
  return due;
}

bool Dispatcher::stopped() const { return stopped_; }

void Dispatcher::advance(Time now) {
  if (!leases_.empty()) {
    const Time due = worker(leases_.front()).heard + suspended_ + options_.lease;
    if (now - due > options_.lease / 4) suspended_ += now - now_;
  }
  now_ = now;
}

// ---- events

void Dispatcher::apply(const WorkerReady& event) {
  Worker& it = worker(event.worker);
  if (it.state != State::starting && it.state != State::busy) return heard(event.worker);
  // An agent that says so while it should be busy is a new one: whatever restarted it ended the job as well.
  if (it.state == State::busy) end_job(event.worker, lost_outcome("the worker's agent was started anew"), {});
  make_idle(event.worker);
}

void Dispatcher::apply(const WorkerLost& event) { give_up(event.worker, event.reason, event.for_good); }

void Dispatcher::apply(const WorkerAlive& event) { heard(event.worker); }

void Dispatcher::apply(const JobEnded& event) {
  Worker& it = worker(event.worker);
  heard(event.worker);
  if (it.state != State::busy || it.job != event.job) return report_late(event);
  // Nobody here asked for it: somebody else shut the agent down, and to the plan the job was lost.
  const bool by_others = event.outcome.kind == wire::OutcomeKind::cancelled && !job(event.job).cancelled;
  end_job(event.worker, by_others ? lost_outcome("cancelled by somebody else") : event.outcome, event.took);
  if (blames_worker(event.outcome)) {
    ++it.failures_in_a_row;
  } else if (event.outcome.kind != wire::OutcomeKind::cancelled) {  // which says nothing about the worker
    it.failures_in_a_row = 0;
  }
  if (it.failures_in_a_row < failures_until_restart) {
    make_idle(event.worker);
  } else {
    give_up(event.worker, "failed " + std::to_string(it.failures_in_a_row) + " jobs in a row: " + event.outcome.detail);
  }
}

void Dispatcher::apply(const Interrupted& /*event*/) { interrupted_ = true; }

void Dispatcher::apply(const Tick& /*event*/) {}

// ---- workers

void Dispatcher::make_idle(wire::WorkerId id) {
  worker(id).state = State::idle;
  free_.insert(id);
  heard(id);
}

void Dispatcher::heard(wire::WorkerId id) {
  Worker& it = worker(id);
  if (it.state != State::idle && it.state != State::busy) return;
  it.heard = now_ - suspended_;
  if (it.lease == leases_.end()) {
    it.lease = leases_.insert(leases_.end(), id);
  } else {
    leases_.splice(leases_.end(), leases_, it.lease);
  }
}

void Dispatcher::expire_leases() {
  while (!leases_.empty() && worker(leases_.front()).heard + options_.lease <= now_ - suspended_) {
    give_up(leases_.front(), "no sign of life within its lease");
  }
}

void Dispatcher::give_up(wire::WorkerId id, const std::string& reason, bool for_good) {
  Worker& it = worker(id);
  if (it.state == State::gone || it.state == State::lost) return;
  if (it.state == State::busy) end_job(id, lost_outcome(reason), {});
  free_.erase(id);
  if (it.lease != leases_.end()) leases_.erase(std::exchange(it.lease, leases_.end()));
  it.failures_in_a_row = 0;
  for_good = for_good || stopped_ || it.restarts == options_.max_worker_restarts;
  it.state = for_good ? State::gone : State::lost;
  if (for_good) --living_;
  // After Stop every worker is shut down: that its stream ends is no news.
  if (!stopped_) given_up_.push_back(GivenUp{id, reason, !for_good});
}

/// At the end of a step, because what else it tells about a lost worker is still about the old agent; and because a
/// step that stops needs no new one.
void Dispatcher::replace_lost_workers(bool go_on) {
  for (GivenUp& one : given_up_) {
    one.restarting = one.restarting && go_on;
    if (one.restarting) {
      Worker& it = worker(one.worker);
      it.state = State::starting;
      ++it.restarts;
      out_.actions.emplace_back(Restart{one.worker});
    }
    out_.reports.emplace_back(std::move(one));
  }
  given_up_.clear();
}

// ---- jobs

void Dispatcher::assign(Subject subject, wire::WorkerId id) {
  SubjectState& state = subjects_[subject];
  jobs_.push_back(Job{id, subject, ++state.executions, false});
  const wire::JobId job_id{jobs_.size()};
  state.running = job_id;
  Worker& it = worker(id);
  it.state = State::busy;
  it.job = job_id;
  free_.erase(id);
  ++busy_;
  out_.actions.emplace_back(Assign{id, job_id, subject, state.executions});
}

void Dispatcher::cancel(wire::JobId id) {
  Job& it = job(id);
  if (std::exchange(it.cancelled, true)) return;
  out_.actions.emplace_back(Cancel{it.worker, id});
}

/// Ends the job of a busy worker. Whether the worker is free or given up is then said by the caller.
void Dispatcher::end_job(wire::WorkerId id, const wire::Outcome& outcome, std::chrono::nanoseconds took) {
  const wire::JobId ended = std::exchange(worker(id).job, wire::JobId{});
  worker(id).state = State::idle;
  --busy_;
  const Job& it = job(ended);
  const Ended::Fate fate = settle(it, outcome);
  out_.reports.emplace_back(Ended{fate, id, ended, it.subject, it.attempt, outcome, took});
}

Ended::Fate Dispatcher::settle(const Job& ended, const wire::Outcome& outcome) {
  SubjectState& subject = subjects_.at(ended.subject);
  subject.running.reset();
  const bool infrastructure = is_infrastructure(outcome);
  if (stopped_ || (ended.cancelled && infrastructure)) {
    give_back(ended.subject);
    return Ended::Fate::cancelled;
  }
  if (infrastructure && ++subject.failures < options_.max_attempts) {
    subject.avoid = ended.worker;
    give_back(ended.subject);
    return Ended::Fate::retried;
  }
  subject.failures = 0;
  subject.avoid = ended.worker;  // for a plan that hands it out again
  subject.with_us = false;
  plan_changed_ = plan_has_more_ = true;
  plan_.record(ended.subject, outcome);
  return Ended::Fate::counted;
}

void Dispatcher::give_back(Subject subject) {
  subjects_.at(subject).with_us = false;
  plan_changed_ = plan_has_more_ = true;
  plan_.give_back(subject);
}

void Dispatcher::report_late(const JobEnded& event) {
  const auto number = static_cast<std::size_t>(event.job);
  const bool known = number >= 1 && number <= jobs_.size();
  const Job about = known ? job(event.job) : Job{event.worker, 0, 0, false};
  out_.reports.emplace_back(
      Ended{Ended::Fate::late, event.worker, event.job, about.subject, about.attempt, event.outcome, event.took});
}

// ---- decisions

std::optional<Stop::Why> Dispatcher::reason_to_stop() const {
  if (plan_changed_ && plan_.finished()) return Stop::Why::finished;
  if (interrupted_) return Stop::Why::interrupted;
  if (living_ == 0) return Stop::Why::no_workers;
  return std::nullopt;
}

void Dispatcher::stop(Stop::Why why) {
  stopped_ = true;
  for (const Worker& one : workers_) {
    if (one.state == State::busy) cancel(one.job);
  }
  for (const Waiting& one : std::exchange(waiting_, {})) give_back(one.subject);
  out_.actions.emplace_back(Stop{why});
}

void Dispatcher::cancel_pointless() {
  if (!plan_changed_) return;
  for (const Subject subject : plan_.pointless()) {
    const auto found = subjects_.find(subject);
    if (found == subjects_.end() || !found->second.with_us) continue;
    if (found->second.running) {
      cancel(*found->second.running);
    } else {
      std::erase_if(waiting_, [subject](const Waiting& one) { return one.subject == subject; });
      give_back(subject);
    }
  }
}

void Dispatcher::hand_out() {
  place_waiting();
  while (!free_.empty() && plan_has_more_) {
    const std::size_t room = free_.size();
    const std::vector<Subject> subjects = plan_.next(room);
    if (subjects.size() > room) throw std::logic_error("the plan handed out more subjects than were asked for");
    plan_has_more_ = subjects.size() == room;
    place(subjects);
  }
  if (busy_ > 0 || !waiting_.empty() || free_.empty()) return;
  // Nothing runs and nothing is to be run: no event could ever change that.
  if (!plan_.finished()) throw std::logic_error("the plan is not finished and has nothing to run");
  stop(Stop::Why::finished);
}

void Dispatcher::place_waiting() {
  std::deque<Waiting> still_waiting;
  for (const Waiting& one : std::exchange(waiting_, {})) {
    const bool waits_no_longer = one.until <= now_ || living_ == 1;
    auto where = elsewhere(subjects_.at(one.subject));
    if (!where && waits_no_longer && !free_.empty()) where = *free_.begin();
    if (where) {
      assign(one.subject, *where);
    } else {
      still_waiting.push_back(one);
    }
  }
  waiting_ = std::move(still_waiting);
}

/// Gives each subject a free worker, or lets it wait for one.
void Dispatcher::place(const std::vector<Subject>& subjects) {
  std::vector<Placement> placed;
  const auto take = [&](Subject subject, wire::WorkerId id) {
    free_.erase(id);
    placed.push_back({subject, id});
  };
  std::vector<Subject> anywhere;
  for (const Subject subject : subjects) {
    SubjectState& state = subjects_[subject];
    if (std::exchange(state.with_us, true)) throw std::logic_error("the plan handed out a running subject");
    if (!state.avoid) {
      anywhere.push_back(subject);
    } else if (const auto where = elsewhere(state)) {
      take(subject, *where);
    } else if (const auto other = std::ranges::find_if(
                   placed, [&](const Placement& one) { return subjects_.at(one.subject).avoid != state.avoid; });
               other != placed.end()) {
      take(std::exchange(other->subject, subject), *free_.begin());  // who does not mind makes room
    } else if (living_ == 1) {
      take(subject, *free_.begin());
    } else {
      waiting_.push_back({subject, now_ + options_.patience});
    }
  }
  // Last, so that those with a worker to avoid had the choice.
  for (const Subject subject : anywhere) take(subject, *free_.begin());
  for (const Placement& one : placed) assign(one.subject, one.worker);
}

std::optional<wire::WorkerId> Dispatcher::elsewhere(const SubjectState& subject) const {
  const auto found = std::ranges::find_if(free_, [&](wire::WorkerId id) { return id != subject.avoid; });
  return found == free_.end() ? std::nullopt : std::optional(*found);
}

}  // namespace nmz::dispatch
