// What is decided at the end of a step: whether to stop, what has become pointless, and who gets what.
#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "nmz/dispatch/dispatcher.hpp"

namespace nmz::dispatch {
namespace {

/// How long what waits at a worker should last.
constexpr std::chrono::nanoseconds ahead_for = std::chrono::milliseconds{20};

}  // namespace

/// Anew when the plan has handed out what is skipped, or has learnt something by itself: it did not know that before.
void Dispatcher::decide() {
  answered_ = false;
  for (bool again = false; !stopped_ && (!again || answered_); again = true) {
    answered_ = false;
    const auto why = reason_to_stop();
    replace_lost_workers(!why);
    if (why) {
      stop(*why);
      break;
    }
    change_workers();
    cancel_superseded();
    cancel_withdrawn();
    cancel_disturbed();
    cancel_pointless();
    if (paused_) {
      fed_.clear();
      call_all_back();
    } else if (again || !gathers()) {
      hand_out();
    }
  }
}

std::optional<Stop::Why> Dispatcher::reason_to_stop() const {
  if (plan_changed_ && plan_.finished()) return Stop::Why::finished;
  if (interrupted_) return Stop::Why::interrupted;
  if (living_ == 0 && change_ <= 0) return Stop::Why::no_workers;
  return std::nullopt;
}

void Dispatcher::stop(Stop::Why why) {
  stopped_ = true;
  for (const Worker& one : workers_) {
    for (const job::JobId running : one.jobs) cancel(running);
  }
  for (const Waiting& one : std::exchange(waiting_, {})) give_back(one.subject);
  out_.actions.emplace_back(Stop{why});
}

/// Those that did not end by themselves in the same step.
void Dispatcher::cancel_superseded() {
  for (const job::JobId copy : std::exchange(superseded_, {})) {
    const auto& running = worker(job(copy).worker).jobs;
    if (std::ranges::find(running, copy) != running.end()) cancel(copy);
  }
}

void Dispatcher::cancel_disturbed() {
  for (const job::JobId id : std::exchange(disturbed_, {})) {
    const auto& running = worker(job(id).worker).jobs;
    if (std::ranges::find(running, id) != running.end()) cancel(id);
  }
}

void Dispatcher::cancel_pointless() {
  if (!plan_changed_) return;
  for (const Subject subject : plan_.pointless()) {
    const auto found = subjects_.find(subject);
    if (found == subjects_.end() || !found->second.with_us) continue;
    if (!found->second.running.empty()) {
      for (const job::JobId running : found->second.running) cancel(running);
    } else {
      std::erase_if(waiting_, [subject](const Waiting& one) { return one.subject == subject; });
      give_back(subject);
    }
  }
}

std::chrono::nanoseconds Dispatcher::gathering_time() const {
  constexpr int part_of_a_job = 25;
  return std::min(options_.gather, gathers_after_ / part_of_a_job);
}

bool Dispatcher::another_is_about_to_end() const {
  constexpr int tenth = 10;
  const auto margin = gathers_after_ / tenth;
  return std::ranges::any_of(workers_, [this, margin](const Worker& one) {
    if (one.jobs.empty() || jobs_.at(static_cast<std::size_t>(one.jobs.front()) - 1).cancelled) return false;
    if (first_verdict_) return true;
    const auto age = now_ - one.front_since;
    return age >= gathers_after_ - margin && age <= gathers_after_ + margin;
  });
}

/// Whether what is free waits for the verdicts that come with this one.
bool Dispatcher::gathers() {
  if (plan_changed_ && !gathers_since_) gathers_since_ = now_;
  const bool worth_it = gathers_since_ && gathering_time().count() > 0 && now_ < *gathers_since_ + gathering_time() &&
                        another_is_about_to_end();
  if (worth_it) return true;
  if (gathers_since_.has_value() && gathers_after_.count() > 0) first_verdict_ = false;
  gathers_since_.reset();
  return false;
}

void Dispatcher::hand_out() {
  place_waiting();
  hand_out_to_free();
  hand_out_ahead();
  fed_.clear();
  call_back();
  if (plan_.exhausted() && waiting_.empty()) {
    speculate();
    retire_idle();
  }
  if (busy_ > 0 || !waiting_.empty() || free_.empty()) return;
  // Nothing runs and nothing is to be run: no event could ever change that.
  if (!plan_.finished()) throw std::logic_error("the plan is not finished and has nothing to run");
  stop(Stop::Why::finished);
}

/// The plan's next subjects; from now on they are with us. Fewer than it gave where some of them are skipped.
std::vector<Subject> Dispatcher::take(std::size_t most) {
  std::vector<Subject> subjects = plan_.next(most);
  if (subjects.size() > most) throw std::logic_error("the plan handed out more subjects than were asked for");
  plan_has_more_ = subjects.size() == most;
  if (plan_.take_news()) plan_changed_ = answered_ = true;
  for (const Subject subject : subjects) {
    if (std::exchange(subjects_[subject].with_us, true)) {
      throw std::logic_error("the plan handed out a running subject");
    }
  }
  std::erase_if(subjects, [this](Subject subject) {
    const bool skipped = skipped_.contains(subject);
    if (skipped) answer_skipped(subject);
    return skipped;
  });
  return subjects;
}

void Dispatcher::hand_out_to_free() {
  while (!free_.empty() && plan_has_more_ && !has_to_wait()) place(take(one_at_a_time() ? 1 : free_.size()));
}

// ---- ahead of time

/// How many jobs are to wait at a worker now: what lasts as long as handing out costs twice over, so that the next one
/// is there when one ends; at least `ahead_for`, so that many short ones travel together. What lasts much longer than
/// its handing out gains nothing, and could only wait behind the wrong one.
std::size_t Dispatcher::depth() const {
  constexpr int worth_hiding = 50;
  if (options_.ahead == 0 || usual_.count() <= 0) return 0;
  const auto several = static_cast<std::size_t>(std::max(2 * overhead_, ahead_for) / usual_);
  const std::size_t one = overhead_ * worth_hiding > usual_ ? 1 : 0;
  return std::clamp<std::size_t>(several, one, options_.ahead);
}

/// Gives workers whose queue has become short the next jobs; first what waits for another worker than it had.
void Dispatcher::hand_out_ahead() {
  const std::size_t room = one_at_a_time() || surplus_ > 0 ? 0 : depth();
  if (room == 0 || !free_.empty()) return;
  for (const job::WorkerId id : std::exchange(fed_, {})) {
    if (worker(id).state != State::busy || 2 * (worker(id).jobs.size() - 1) > room) continue;
    const auto left = [&] { return room + 1 - std::min(room + 1, worker(id).jobs.size()); };
    std::erase_if(waiting_, [&](const Waiting& one) {
      const bool taken = left() > 0 && subjects_.at(one.subject).avoid != id;
      if (taken) assign(one.subject, id);
      return taken;
    });
    const std::size_t wanted = left();
    if (wanted == 0 || !plan_has_more_) continue;
    for (const Subject subject : take(wanted)) {
      const bool elsewhere_first = subjects_.at(subject).avoid == id;
      elsewhere_first ? waiting_.push_back({subject, now_ + options_.patience}) : assign(subject, id);
    }
  }
}

/// The plan's next one behind a job that lasts; where jobs follow each other quickly the last one, since the next may
/// have begun when the message arrives.
std::optional<job::JobId> Dispatcher::to_call_back(const Worker& from) const {
  const auto may_come = [this](job::JobId one) {
    const Job& it = jobs_.at(static_cast<std::size_t>(one) - 1);
    return !it.recalled && !it.cancelled;
  };
  const auto first = std::next(from.jobs.begin());
  if (now_ - from.front_since > ahead_for) {
    const auto found = std::find_if(first, from.jobs.end(), may_come);
    return found == from.jobs.end() ? std::nullopt : std::optional{*found};
  }
  const auto end = std::make_reverse_iterator(first);
  const auto found = std::find_if(from.jobs.rbegin(), end, may_come);
  return found == end ? std::nullopt : std::optional{*found};
}

/// While workers are idle and the plan has nothing for them, what waits elsewhere comes back; one job of a worker in
/// each step.
void Dispatcher::call_back() {
  if (one_at_a_time() || surplus_ > 0) return call_all_back();
  if (free_.empty() || with_queue_.empty()) return;
  std::size_t wanted = free_.size();
  for (const job::WorkerId id : with_queue_) {
    const auto& all = worker(id).jobs;
    const auto coming =
        std::count_if(std::next(all.begin()), all.end(), [this](auto one) { return job(one).recalled; });
    wanted -= std::min(wanted, static_cast<std::size_t>(coming));
  }
  for (const job::WorkerId id : with_queue_) {
    if (wanted == 0) return;
    const auto found = to_call_back(worker(id));
    if (!found) continue;
    job(*found).recalled = true;
    out_.actions.emplace_back(Cancel{id, *found, true});
    --wanted;
  }
}

/// What waits at a worker would run beside others, or keep it from leaving.
void Dispatcher::call_all_back() {
  for (const job::WorkerId id : with_queue_) {
    const auto& all = worker(id).jobs;
    for (auto waits = std::next(all.begin()); waits != all.end(); ++waits) {
      if (job(*waits).cancelled || std::exchange(job(*waits).recalled, true)) continue;
      out_.actions.emplace_back(Cancel{id, *waits, true});
    }
  }
}

// ---- the end of the list

/// The job that runs longest, if it has no copy and runs longer than jobs usually do.
std::optional<job::JobId> Dispatcher::straggler() const {
  constexpr std::chrono::nanoseconds at_least = std::chrono::seconds{1};
  if (usual_.count() <= 0) return std::nullopt;
  std::optional<job::JobId> found;
  Time since = now_ - std::max(at_least, 2 * usual_);
  for (const Worker& one : workers_) {
    if (one.jobs.empty() || one.front_since > since) continue;
    const Job& it = jobs_.at(static_cast<std::size_t>(one.jobs.front()) - 1);
    if (it.cancelled || it.superseded || subjects_.at(it.subject).running.size() != 1) continue;
    found = one.jobs.front();
    since = one.front_since;
  }
  return found;
}

void Dispatcher::speculate() {
  while (options_.speculate && !free_.empty() && !one_at_a_time()) {
    const auto found = straggler();
    if (!found) return;
    assign(job(*found).subject, *free_.begin());
  }
}

void Dispatcher::retire_idle() {
  if (options_.speculate || !with_queue_.empty()) return;
  while (free_.size() > 1) retire(*free_.rbegin());
  if (free_.empty()) return;
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    if (workers_[number].state == State::starting) retire(job::WorkerId{static_cast<std::uint32_t>(number)});
  }
}

void Dispatcher::retire(job::WorkerId id) {
  Worker& it = worker(id);
  free_.erase(id);
  if (it.lease != leases_.end()) leases_.erase(std::exchange(it.lease, leases_.end()));
  it.state = State::gone;
  count_out();
  out_.actions.emplace_back(Retire{id});
}

// ---- which worker

void Dispatcher::place_waiting() {
  std::deque<Waiting> still_waiting;
  for (const Waiting& one : std::exchange(waiting_, {})) {
    if (has_to_wait()) {
      still_waiting.push_back(one);
      continue;
    }
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
  const auto give = [&](Subject subject, job::WorkerId id) {
    free_.erase(id);
    placed.push_back({subject, id});
  };
  std::vector<Subject> anywhere;
  for (const Subject subject : subjects) {
    const SubjectState& state = subjects_.at(subject);
    if (!state.avoid) {
      anywhere.push_back(subject);
    } else if (const auto where = elsewhere(state)) {
      give(subject, *where);
    } else if (const auto other = std::ranges::find_if(
                   placed, [&](const Placement& one) { return subjects_.at(one.subject).avoid != state.avoid; });
               other != placed.end()) {
      give(std::exchange(other->subject, subject), *free_.begin());  // who does not mind makes room
    } else if (living_ == 1) {
      give(subject, *free_.begin());
    } else {
      waiting_.push_back({subject, now_ + options_.patience});
    }
  }
  // Last, so that those with a worker to avoid had the choice.
  for (const Subject subject : anywhere) give(subject, *free_.begin());
  for (const Placement& one : placed) assign(one.subject, one.worker);
}

std::optional<job::WorkerId> Dispatcher::elsewhere(const SubjectState& subject) const {
  const auto found = std::ranges::find_if(free_, [&](job::WorkerId id) { return id != subject.avoid; });
  return found == free_.end() ? std::nullopt : std::optional(*found);
}

}  // namespace nmz::dispatch
