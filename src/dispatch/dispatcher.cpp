// One step: the clock moves, every event is applied, silent workers are given up; only then is it decided whether to
// stop, what became pointless and who gets what, so that everything told together is used together.
//
// A run has up to a thousand workers and a hundred thousand subjects, so no step looks at all workers: leases last the
// same for everybody and therefore end in the order in which workers were last heard (a list, spliced), free workers
// are a set, and the plan is asked only when it was told something or had more to give. Only Stop walks over all.
#include "nmz/dispatch/dispatcher.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace nmz::dispatch {
namespace {

constexpr std::uint32_t failures_until_restart = 3;

job::Outcome lost_outcome(const std::string& reason) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::lost;
  outcome.detail = reason;
  return outcome;
}

job::Outcome never_began() {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::cancelled;
  return outcome;
}

/// Exponentially weighted; the first sample counts whole.
void average(std::chrono::nanoseconds& mean, std::chrono::nanoseconds sample) {
  constexpr int weight = 8;
  mean = mean.count() == 0 ? sample : mean + (sample - mean) / weight;
}

}  // namespace

Dispatcher::Dispatcher(Plan& plan, std::uint32_t workers, Options options)
    : plan_(plan), options_(options), workers_(workers), living_(workers) {
  for (Worker& one : workers_) one.lease = leases_.end();
}

Step Dispatcher::step(std::span<const Event> events, Time now) {
  advance(now);
  // Before the ends of jobs: a verdict that comes with the news of what disturbed it must not count.
  for (const Event& event : events) {
    if (const auto* took = std::get_if<Took>(&event)) apply(*took);
  }
  for (const Event& event : events) {
    if (!std::holds_alternative<Took>(event)) std::visit([this](const auto& what) { apply(what); }, event);
  }
  if (!stopped_) {
    expire_leases();
    decide();
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
  if (gathers_since_) {
    due = std::min(due.value_or(Time::max()), *gathers_since_ + gathering_time());
  } else if (!waiting_.empty() && !free_.empty() && !has_to_wait()) {
    // Without a free worker the end of its patience would change nothing for a waiting subject.
    due = std::min(due.value_or(Time::max()), waiting_.front().until);
  }
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
  if (it.state == State::busy) end_all_jobs(event.worker, "the worker's agent was started anew");
  make_idle(event.worker);
}

void Dispatcher::apply(const WorkerLost& event) { give_up(event.worker, event.reason, event.for_good); }

void Dispatcher::apply(const WorkerAlive& event) { heard(event.worker); }

void Dispatcher::apply(const JobEnded& event) {
  Worker& it = worker(event.worker);
  heard(event.worker);
  if (it.state != State::busy || std::ranges::find(it.jobs, event.job) == it.jobs.end()) return report_late(event);
  // Nobody here asked for it: somebody else shut the agent down, and to the plan the job was lost.
  const bool asked_for = job(event.job).cancelled || job(event.job).recalled || job(event.job).withdrawn;
  const bool by_others = event.outcome.kind == job::OutcomeKind::cancelled && !asked_for;
  const bool crowded = !stopped_ && job::met_a_limit(event.outcome) && busy_ > 1;
  job(event.job).crowded = crowded;
  end_job(event.worker, event.job, by_others ? lost_outcome("cancelled by somebody else") : event.outcome, event.took);
  if (crowded) return make_room(event.worker, event.outcome.detail);
  if (by_others && !stopped_) {
    // It begins nothing any more: what waits there, or would be sent now, has no part in its end.
    send_back(event.worker);
    return give_up(event.worker, "its agent is ended by somebody else");
  }
  if (job::blames_worker(event.outcome)) {
    ++it.failures_in_a_row;
  } else if (event.outcome.kind != job::OutcomeKind::cancelled) {  // which says nothing about the worker
    it.failures_in_a_row = 0;
  }
  if (it.failures_in_a_row >= failures_until_restart) {
    give_up(event.worker, "failed " + std::to_string(it.failures_in_a_row) + " jobs in a row: " + event.outcome.detail);
  } else if (it.jobs.empty()) {
    make_idle(event.worker);
  } else {
    fed_.push_back(event.worker);
  }
}

void Dispatcher::apply(const Interrupted& /*event*/) { interrupted_ = true; }

void Dispatcher::apply(const Tick& /*event*/) {}

void Dispatcher::apply(const Took& event) {
  heard(event.worker);
  const Worker& where = worker(event.worker);
  const bool runs = where.state == State::busy && std::ranges::find(where.jobs, event.job) != where.jobs.end();
  std::vector<job::Taken>* const taken = runs ? &job(event.job).taken : nullptr;
  if (taken == nullptr || std::ranges::find(*taken, event.what) != taken->end()) return;
  taken->push_back(event.what);
  std::vector<job::JobId>& holders = holders_[event.what];
  for (const job::JobId other : holders) disturb(event.job, other, event.what);
  holders.push_back(event.job);
}

void Dispatcher::disturb(job::JobId one, job::JobId other, const job::Taken& what) {
  if (!std::exchange(collided_, true)) {
    plan_.serialise();
    out_.reports.emplace_back(Collided{what, job(other).subject, job(one).subject});
  }
  for (const job::JobId id : {one, other}) {
    if (!std::exchange(job(id).disturbed, true)) disturbed_.push_back(id);
  }
}

void Dispatcher::release(job::JobId id) {
  for (const job::Taken& what : std::exchange(job(id).taken, {})) {
    const auto found = holders_.find(what);
    std::erase(found->second, id);
    if (found->second.empty()) holders_.erase(found);
  }
}

// ---- workers

void Dispatcher::make_idle(job::WorkerId id) {
  worker(id).state = State::idle;
  free_.insert(id);
  heard(id);
}

void Dispatcher::heard(job::WorkerId id) {
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

void Dispatcher::give_up(job::WorkerId id, const std::string& reason, bool for_good) {
  Worker& it = worker(id);
  if (it.state == State::gone || it.state == State::lost) return;
  if (it.state == State::busy) end_all_jobs(id, reason);
  free_.erase(id);
  if (it.lease != leases_.end()) leases_.erase(std::exchange(it.lease, leases_.end()));
  it.failures_in_a_row = 0;
  for_good = for_good || stopped_ || it.restarts == options_.max_worker_restarts || surplus_ > 0;
  it.state = for_good ? State::gone : State::lost;
  if (for_good) count_out();
  // After Stop every worker is shut down: that its stream ends is no news.
  if (!stopped_) given_up_.push_back(GivenUp{id, reason, !for_good});
}

/// What waits at the worker goes back as if never handed out.
void Dispatcher::send_back(job::WorkerId id) {
  const std::deque<job::JobId> waiting = worker(id).jobs;
  for (const job::JobId waits : waiting) {
    job(waits).recalled = true;
    end_job(id, waits, never_began(), {});
  }
}

void Dispatcher::make_room(job::WorkerId id, const std::string& reason) {
  send_back(id);
  retire(id);
  given_up_.push_back(
      GivenUp{id, "fewer workers from now on: " + (reason.empty() ? "the disk was full" : reason), false, true});
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

void Dispatcher::assign(Subject subject, job::WorkerId id) {
  SubjectState& state = subjects_[subject];
  Worker& it = worker(id);
  Job& fresh = jobs_.emplace_back();
  fresh.worker = id;
  fresh.subject = subject;
  fresh.attempt = ++state.executions;
  fresh.to_idle = it.jobs.empty();
  fresh.assigned = now_;
  const job::JobId job_id{jobs_.size()};
  state.running.push_back(job_id);
  it.jobs.push_back(job_id);
  if (fresh.to_idle) {
    it.state = State::busy;
    it.front_since = now_;
    free_.erase(id);
    fed_.push_back(id);
    ++busy_;
  } else {
    with_queue_.insert(id);
  }
  out_.actions.emplace_back(Assign{id, job_id, subject, state.executions});
}

void Dispatcher::cancel(job::JobId id) {
  Job& it = job(id);
  if (std::exchange(it.cancelled, true)) return;
  out_.actions.emplace_back(Cancel{it.worker, id});
}

/// Ends one job of a busy worker. Whether a worker without another is free or given up is then said by the caller.
void Dispatcher::end_job(job::WorkerId id, job::JobId ended, const job::Outcome& outcome,
                         std::chrono::nanoseconds took) {
  Worker& it = worker(id);
  std::chrono::nanoseconds lasted{0};
  if (it.jobs.front() == ended) lasted = now_ - std::exchange(it.front_since, now_);
  std::erase(it.jobs, ended);
  if (it.jobs.size() < 2) with_queue_.erase(id);
  if (it.jobs.empty()) {
    it.state = State::idle;
    --busy_;
  }
  release(ended);
  const Job& about = job(ended);
  const bool withdrawn = about.withdrawn && !stopped_;
  const job::Outcome counts = withdrawn ? users_word(about.subject) : outcome;
  const Ended::Fate fate = settle(ended, counts);
  if (fate == Ended::Fate::counted && !withdrawn) {
    learn_times(about, took);
    if (!gathers_since_) gathers_after_ = lasted;
  }
  out_.reports.emplace_back(Ended{fate, id, ended, about.subject, about.attempt, counts, took});
}

void Dispatcher::end_all_jobs(job::WorkerId id, const std::string& reason) {
  end_job(id, worker(id).jobs.front(), lost_outcome(reason), {});
  send_back(id);
}

void Dispatcher::learn_times(const Job& ended, std::chrono::nanoseconds took) {
  if (took.count() <= 0) return;
  average(usual_, took);
  const std::chrono::nanoseconds beyond = now_ - ended.assigned - took;
  if (ended.to_idle) average(overhead_, std::max(beyond, std::chrono::nanoseconds{1}));
}

Ended::Fate Dispatcher::settle(job::JobId id, const job::Outcome& outcome) {
  const Job& ended = job(id);
  SubjectState& subject = subjects_.at(ended.subject);
  std::erase(subject.running, id);
  const bool infrastructure = job::classify(outcome) == job::Class::infrastructure;
  if (ended.superseded || (!subject.running.empty() && (stopped_ || infrastructure || ended.disturbed))) {
    return Ended::Fate::spare;
  }
  const bool withdrawn = ended.withdrawn && !stopped_;
  if (ended.disturbed && !withdrawn && !stopped_) {
    give_back(ended.subject);
    return Ended::Fate::disturbed;
  }
  const bool waited = ended.recalled && !ended.cancelled && !withdrawn && outcome.kind == job::OutcomeKind::cancelled;
  if (waited) --subject.executions;
  if (stopped_ || waited || (ended.cancelled && infrastructure && !withdrawn)) {
    give_back(ended.subject);
    return waited && !stopped_ ? Ended::Fate::returned : Ended::Fate::cancelled;
  }
  if (infrastructure && !withdrawn && (ended.crowded || ++subject.failures < options_.max_attempts)) {
    subject.avoid = ended.worker;
    give_back(ended.subject);
    return Ended::Fate::retried;
  }
  for (const job::JobId copy : std::exchange(subject.running, {})) {
    job(copy).superseded = true;
    superseded_.push_back(copy);
  }
  subject.failures = 0;
  subject.avoid = withdrawn ? std::nullopt : std::optional{ended.worker};  // for a plan that hands it out again
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
  Job about;
  about.attempt = 0;
  if (known) about = job(event.job);
  out_.reports.emplace_back(
      Ended{Ended::Fate::late, event.worker, event.job, about.subject, about.attempt, event.outcome, event.took});
}

}  // namespace nmz::dispatch
