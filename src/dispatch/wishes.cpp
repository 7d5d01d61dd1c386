// What the user wants while a run is under way: a job or a subject taken out of it, or run again, more workers or
// fewer.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "nmz/dispatch/dispatcher.hpp"

namespace nmz::dispatch {

// ---- jobs and subjects

void Dispatcher::apply(const CancelJob& event) {
  const auto number = static_cast<std::size_t>(event.job);
  if (stopped_ || number < 1 || number > jobs_.size()) return;
  const auto& running = worker(job(event.job).worker).jobs;
  if (std::ranges::find(running, event.job) != running.end()) withdraw(event.job);
}

void Dispatcher::apply(const SkipSubject& event) {
  if (stopped_ || !skipped_.insert(event.subject).second) return;
  const auto found = subjects_.find(event.subject);
  if (found == subjects_.end() || !found->second.with_us) return;
  for (const job::JobId running : found->second.running) withdraw(running);
  if (found->second.running.empty()) {
    std::erase_if(waiting_, [&event](const Waiting& one) { return one.subject == event.subject; });
    answer_skipped(event.subject);
  }
}

void Dispatcher::apply(const RunAgain& event) {
  if (stopped_) return;
  const std::optional<Subject> subject = plan_.run_again(event.item);
  if (!subject) return;
  plan_changed_ = plan_has_more_ = true;
  out_.reports.emplace_back(RunsAgain{event.item, *subject});
}

void Dispatcher::apply(const ChangeWorkers& event) {
  if (stopped_) return;
  change_ += event.by;
  resized_ = true;
}

void Dispatcher::apply(const Pause& event) { paused_ = event.on; }

void Dispatcher::withdraw(job::JobId id) {
  if (!std::exchange(job(id).withdrawn, true)) withdrawn_.push_back(id);
}

/// In the place of a worker.
void Dispatcher::answer_skipped(Subject subject) {
  subjects_.at(subject).with_us = false;
  plan_changed_ = plan_has_more_ = answered_ = true;
  const job::Outcome outcome = users_word(subject);
  plan_.record(subject, outcome);
  out_.reports.emplace_back(Skipped{subject, outcome});
}

void Dispatcher::cancel_withdrawn() {
  for (const job::JobId id : std::exchange(withdrawn_, {})) {
    const auto& running = worker(job(id).worker).jobs;
    if (std::ranges::find(running, id) != running.end()) cancel(id);
  }
}

/// In the place of what a job says. Nothing could have disturbed it.
job::Outcome Dispatcher::users_word(Subject subject) const {
  job::Outcome outcome;
  outcome.kind = skipped_.contains(subject) ? job::OutcomeKind::skipped : job::OutcomeKind::cancelled;
  outcome.watched = true;
  outcome.detail = "by the user";
  return outcome;
}

// ---- workers

/// Those that were to go stay, before new ones are started.
void Dispatcher::change_workers() {
  const std::int64_t change = std::exchange(change_, 0);
  if (change < 0) {
    const auto most = static_cast<std::int64_t>(living_ - surplus_) - 1;
    surplus_ += static_cast<std::size_t>(std::clamp<std::int64_t>(-change, 0, std::max<std::int64_t>(most, 0)));
  } else {
    const std::size_t stay = std::min(surplus_, static_cast<std::size_t>(change));
    surplus_ -= stay;
    for (auto fresh = static_cast<std::size_t>(change) - stay; fresh > 0; --fresh) {
      const job::WorkerId id{static_cast<std::uint32_t>(workers_.size())};
      workers_.emplace_back().lease = leases_.end();
      ++living_;
      out_.actions.emplace_back(Start{id});
    }
  }
  end_surplus();
  if (!std::exchange(resized_, false)) return;
  const std::size_t staying = living_ - surplus_;
  plan_.work_with(staying);
  out_.reports.emplace_back(Resized{static_cast<std::uint32_t>(staying), static_cast<std::uint32_t>(surplus_)});
}

/// Of those that run no job.
void Dispatcher::end_surplus() {
  while (surplus_ > 0 && !free_.empty()) retire(*free_.rbegin());
  for (std::size_t number = workers_.size(); surplus_ > 0 && number > 0; --number) {
    if (workers_[number - 1].state == State::starting) retire(job::WorkerId{static_cast<std::uint32_t>(number - 1)});
  }
}

/// One lives less; if there were too many, that is one of these.
void Dispatcher::count_out() {
  --living_;
  if (surplus_ > 0) --surplus_;
}

std::string describe(const Resized& resized) {
  const auto count = [](std::uint32_t workers) {
    return std::to_string(workers) + (workers == 1 ? " worker" : " workers");
  };
  std::string text = count(resized.workers) + " from now on";
  if (resized.leaving == 1) text += ", as soon as 1 has ended what it runs";
  if (resized.leaving > 1) text += ", as soon as " + std::to_string(resized.leaving) + " have ended what they run";
  return text;
}

}  // namespace nmz::dispatch
