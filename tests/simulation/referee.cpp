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

void demand(bool kept, const char* rule, wire::JobId job) {
  if (!kept) throw RuleBroken(fmt::format("{} (job {})", rule, static_cast<std::uint64_t>(job)));
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

void RefereedPlan::record(dispatch::Subject subject, const wire::Outcome& outcome) {
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

// ---- the dispatcher

Referee::Referee(dispatch::Plan& plan, const Conditions& conditions)
    : plan_(plan), conditions_(conditions), workers_(conditions.workers) {}

Referee::Worker& Referee::worker(wire::WorkerId id) { return workers_.at(static_cast<std::size_t>(id)); }

void Referee::judge(std::span<const dispatch::Event> events, const dispatch::Step& step, Time now) {
  for (const dispatch::Event& event : events) observe(event, now);
  for (const dispatch::Report& report : step.reports) {
    std::visit([&](const auto& it) { judge_report(it, now); }, report);
  }
  const bool all_explained = std::ranges::none_of(plan_.told, [](const auto& told) { return told.recorded; });
  demand(all_explained, "an outcome is recorded and not reported");
  for (const dispatch::Action& action : step.actions) {
    demand(!stopped_, "an action after Stop");
    std::visit([&](const auto& it) { judge_action(it); }, action);
  }
  if (!stopped_ && plan_.was_told) {
    for (const dispatch::Subject subject : plan_.pointless()) {
      for (const wire::JobId job : running_[subject]) {
        demand(jobs_.at(job).cancelled, "a pointless job is left running", job);
      }
    }
  }
  plan_.told.clear();
  plan_.was_told = false;
  for (const dispatch::Event& event : events) {
    if (const auto* lost = std::get_if<dispatch::WorkerLost>(&event)) worker(lost->worker).loss_told = false;
  }
}

void Referee::observe(const dispatch::Event& event, Time now) {
  if (const auto* ready = std::get_if<dispatch::WorkerReady>(&event)) {
    Worker& it = worker(ready->worker);
    it.heard = now;
    if (it.state == State::lost || it.state == State::retired) return;
    end_all_jobs(it);
    it.state = State::free;
  } else if (const auto* alive = std::get_if<dispatch::WorkerAlive>(&event)) {
    worker(alive->worker).heard = now;
  } else if (const auto* lost = std::get_if<dispatch::WorkerLost>(&event)) {
    worker(lost->worker).loss_told = true;
  } else if (const auto* ended = std::get_if<dispatch::JobEnded>(&event)) {
    Worker& it = worker(ended->worker);
    it.heard = now;
    if (it.state != State::busy || std::ranges::find(it.jobs, ended->job) == it.jobs.end()) return;
    end_job(it, ended->job);
    if (it.jobs.empty()) it.state = State::free;
    const bool others_work =
        std::ranges::any_of(workers_, [&](const Worker& one) { return &one != &it && one.state == State::busy; });
    it.makes_room = it.makes_room || (ended->outcome.disk_full && others_work);
    const bool bad = ended->outcome.kind == wire::OutcomeKind::unprepared || ended->outcome.disk_full;
    // Three are enough, whatever is told in the same step after them.
    const bool settled = it.bad_ends >= 3 || ended->outcome.kind == wire::OutcomeKind::cancelled;
    if (!settled) it.bad_ends = bad ? it.bad_ends + 1 : 0;
  } else if (std::holds_alternative<dispatch::Interrupted>(event)) {
    interrupted_ = true;
  }
}

void Referee::end_job(Worker& worker, wire::JobId ended) {
  Job& job = jobs_.at(ended);
  job.over = true;
  running_[job.subject].erase(ended);
  std::erase(worker.jobs, ended);
}

void Referee::end_all_jobs(Worker& worker) {
  while (!worker.jobs.empty()) end_job(worker, worker.jobs.front());
}

void Referee::judge_report(const dispatch::GivenUp& given_up, Time now) {
  Worker& it = worker(given_up.worker);
  const bool silent = now - it.heard >= conditions_.options.lease;
  demand(it.loss_told || silent || it.bad_ends >= 3 || it.makes_room, "a worker is given up without a reason");
  demand(it.state != State::lost && it.state != State::retired, "a worker is given up twice");
  end_all_jobs(it);
  it.state = State::lost;
  it.bad_ends = 0;
  ++tally_.given_up;
}

void Referee::judge_report(const Ended& ended, Time /*now*/) {
  if (ended.fate == Ended::Fate::late) {
    ++tally_.late;
    return;
  }
  const auto found = jobs_.find(ended.job);
  demand(found != jobs_.end(), "the end of a job that never was is reported", ended.job);
  Job& job = found->second;
  demand(!std::exchange(job.reported, true), "a job's end is reported twice", ended.job);
  demand(job.worker == ended.worker && job.subject == ended.subject, "a job's end is reported wrongly", ended.job);
  if (ended.fate == Ended::Fate::spare) {
    demand(job.copied, "a job is called spare and had no copy", ended.job);
    ++tally_.spare;
    return;
  }
  if (stopped_) demand(ended.fate == Ended::Fate::cancelled, "an end after Stop is not `cancelled`", ended.job);

  const bool counted = ended.fate == Ended::Fate::counted;
  const auto told = std::ranges::find_if(plan_.told, [&](const RefereedPlan::Told& one) {
    return one.subject == ended.subject && one.recorded == counted && (!counted || one.outcome == ended.outcome);
  });
  demand(told != plan_.told.end(), "the plan was not told what is reported", ended.job);
  plan_.told.erase(told);

  std::uint32_t& retries = retries_[ended.subject];
  if (counted) {
    retries = 0;
    ++tally_.counted;
  } else if (ended.fate == Ended::Fate::retried) {
    demand(++retries < conditions_.options.max_attempts, "a subject is tried too often", ended.job);
    ++tally_.retried;
  } else if (ended.fate == Ended::Fate::returned) {
    const bool went_with_worker = worker(ended.worker).state != State::busy || conditions_.options.ahead > 0;
    demand(job.called_back || went_with_worker, "a job is called returned and was not called back", ended.job);
    --executions_[ended.subject];
    ++tally_.returned;
  } else {
    demand(job.cancelled || stopped_, "a job is called cancelled and was not", ended.job);
    ++tally_.cancelled;
  }
}

void Referee::judge_action(const dispatch::Assign& assign) {
  Worker& it = worker(assign.worker);
  const bool has_room = it.state == State::busy && it.jobs.size() <= conditions_.options.ahead;
  demand(it.state == State::free || has_room, "a job for a worker that is not free", assign.job);
  demand(jobs_.empty() || assign.job > jobs_.rbegin()->first, "a job id is used again", assign.job);
  std::set<wire::JobId>& copies = running_[assign.subject];
  std::erase_if(copies, [this](wire::JobId one) { return jobs_.at(one).copied && jobs_.at(one).cancelled; });
  demand(copies.size() <= (conditions_.options.speculate ? 1U : 0U), "a subject runs twice at once", assign.job);
  demand(assign.attempt == ++executions_[assign.subject], "an attempt is numbered wrongly", assign.job);
  jobs_[assign.job] = Job{assign.worker, assign.subject};
  for (const wire::JobId copy : copies) jobs_.at(copy).copied = jobs_.at(assign.job).copied = true;
  copies.insert(assign.job);
  it.state = State::busy;
  it.jobs.push_back(assign.job);
  ++tally_.executions;
}

void Referee::judge_action(const dispatch::Cancel& cancel) {
  const auto found = jobs_.find(cancel.job);
  demand(found != jobs_.end() && !found->second.over, "a job is cancelled that does not run", cancel.job);
  demand(found->second.worker == cancel.worker, "a job is cancelled on the wrong worker", cancel.job);
  bool& before = cancel.only_if_waiting ? found->second.called_back : found->second.cancelled;
  demand(!std::exchange(before, true), "a job is cancelled twice", cancel.job);
}

void Referee::judge_action(const dispatch::Restart& restart) {
  Worker& it = worker(restart.worker);
  demand(it.state == State::lost, "a worker is restarted that was not given up");
  demand(++it.restarts <= conditions_.options.max_worker_restarts, "a worker is restarted too often");
  it.state = State::starting;
  ++tally_.restarts;
}

void Referee::judge_action(const dispatch::Retire& retire) {
  Worker& it = worker(retire.worker);
  const bool goes = it.makes_room && it.state == State::lost;
  demand(goes || it.state == State::free || it.state == State::starting,
         "a worker is retired that has work or is gone");
  demand(goes || plan_.exhausted(), "a worker is retired while there is more to do");
  it.state = State::retired;
  const bool one_is_left = std::ranges::any_of(
      workers_, [](const Worker& one) { return one.state == State::free || one.state == State::busy; });
  demand(one_is_left, "the last worker is retired");
  ++tally_.retired;
}

void Referee::judge_action(const dispatch::Stop& stop) {
  stopped_ = plan_.stopped = true;
  for (const auto& [subject, copies] : running_) {
    for (const wire::JobId job : copies) {
      demand(jobs_.at(job).cancelled, "Stop leaves a job running that was not cancelled", job);
    }
  }
  const bool lost = std::ranges::all_of(
      workers_, [](const Worker& it) { return it.state == State::lost || it.state == State::retired; });
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
