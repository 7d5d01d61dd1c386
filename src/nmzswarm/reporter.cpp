#include "reporter.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzswarm {
namespace {

events::Mark mark_of_outcome(const job::Outcome& outcome) {
  if (job::withdrawn(outcome)) return events::Mark::cancelled;
  switch (job::classify(outcome)) {
    case job::Class::passed:
      return events::Mark::passed;
    case job::Class::failed:
    case job::Class::untestable:  // the workload's own fault, which its detail tells
      return events::Mark::failed;
    case job::Class::timed_out:
      return events::Mark::timed_out;
    case job::Class::infrastructure:
      break;
  }
  return events::Mark::lost;
}

}  // namespace

Reporter::Reporter(Suite& suite, logs::LogStore& logs, std::uint32_t workers)
    : suite_{suite}, logs_{logs}, times_{workers}, workers_{workers}, most_workers_{workers} {
  stream_.add(tally_);
}

void Reporter::keep_state(RunState& state) {
  state_ = &state;
  stream_.add(state);
}

void Reporter::reached(const std::string& phase) { phases_.push_back({phase, elapsed()}); }

void Reporter::listed() {
  if (suite_.listing().failed) return tell_listing();
  const auto& ids = suite_.ids();
  std::vector<std::chrono::nanoseconds> known;
  for (const schedule::Expectation& one : suite_.expectations()) {
    if (one) known.push_back(*one);
  }
  all_expected_ = suite_.hunt() == nullptr && !known.empty() && known.size() == ids.size();
  for (const auto one : known) work_left_.add(one);
  events::WorkloadsListed listed;
  listed.workloads = ids.size();
  listed.chunks = suite_.chunks();
  listed.repeated = suite_.hunt() != nullptr;
  listed.known = known.size();
  if (listed.repeated) listed.runs = suite_.again().repeat;
  if (all_expected_) listed.bound = schedule::lower_bound(known, workers_);
  reached("listed");
  show(listed);
  if (state_ != nullptr) state_->listed(ids);
  tell_missing_timeouts();
  if (suite_.listing().list.duplicates > 0) {
    show(events::Notice{std::to_string(suite_.listing().list.duplicates) +
                        " workload(s) are listed more than once and run once"});
  }
}

/// It has failed: one line of it is in the message.
void Reporter::tell_listing() {
  const std::string& output = suite_.listing().output;
  const bool more = std::ranges::count(output, '\n') > 1;
  if (!more || !logs_.write("listing.log", output)) return;
  show(events::Notice{"all that the listing said: " + (logs_.directory() / "listing.log").string()});
}

void Reporter::tell_missing_timeouts() {
  const auto unknown = std::ranges::count(suite_.expectations(), schedule::Expectation{});
  if (!suite_.timeout_is_multiple() || unknown == 0) return;
  show(events::Notice{
      fmt::format("{} of {} workloads never ran before: they have no timeout", unknown, suite_.ids().size())});
}

void Reporter::worker_ready(job::WorkerId worker, const wire::Welcome& welcome) {
  times_.ready(worker, elapsed());
  if (++ready_ == 1) reached("first worker ready");
  if (ready_ == workers_ && most_workers_ == workers_) reached("all workers ready");
  show(events::WorkerReady{worker, welcome.node});
}

void Reporter::assigned(const dispatch::Assign& assignment) {
  times_.assigned(assignment, elapsed());
  if (assignment.subject == schedule::listing) return;
  if (!std::exchange(anything_started_, true)) {
    first_start_ = elapsed();
    reached("first workload started");
  }
  suite_.tell_time(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed() - first_start_));
  events::JobAssigned assigned;
  assigned.worker = assignment.worker;
  assigned.job = assignment.job;
  assigned.attempt = assignment.attempt;
  assigned.item = suite_.name(assignment.subject);
  show(assigned);
}

/// It may have waited at its worker since it was assigned.
void Reporter::started(const dispatch::Assign& assignment, job::Phase phase) {
  if (assignment.subject == schedule::listing) return;
  Running& running = running_[assignment.job];
  running.what = {assignment.worker, assignment.job, assignment.attempt, suite_.name(assignment.subject), {}};
  running.since = elapsed();
  running.next = suite_.slow_after(assignment.subject);
  events::PhaseStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.item = suite_.name(assignment.subject);
  started.phase = phase;
  started.expected = suite_.expected(assignment.subject).value_or(std::chrono::nanoseconds{0});
  show(started);
}

void Reporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  if (assignment.subject == schedule::listing) return suite_.listing_output(bytes);
  const std::string text = suite_.runner() == nullptr ? "" : suite_.runner()->output(assignment.job, bytes);
  if (suite_.runner() != nullptr) bytes = text;
  logs_.append(assignment.job, suite_.log_name(assignment.subject), assignment.attempt, bytes);
  if (suite_.shows_output()) show(events::Output{assignment.job, std::string{bytes}});
  show_trouble();
}

void Reporter::finished(const dispatch::Assign& assignment, const wire::Finished& finished) {
  if (assignment.subject == schedule::listing) return;
  if (suite_.runner() != nullptr) {
    const bool learns = suite_.experiment(assignment.subject) == nullptr;
    const std::string rest = suite_.runner()->finished(assignment, finished.outcome, finished.test_time, learns);
    logs_.append(assignment.job, suite_.log_name(assignment.subject), assignment.attempt, rest);
  }
  suite_.finished(assignment, finished.test_time);
}

void Reporter::show_trouble() {
  if (std::string trouble = state_ == nullptr ? "" : state_->take_trouble(); !trouble.empty()) {
    show(events::Notice{std::move(trouble)});
  }
  if (std::string trouble = logs_.take_trouble(); !trouble.empty()) show(events::Notice{std::move(trouble)});
}

events::Mark Reporter::mark_of(const dispatch::Ended& ended) const {
  if (suite_.experiment(ended.subject) != nullptr) return events::Mark::repeated;
  switch (ended.fate) {
    case dispatch::Ended::Fate::retried:
    case dispatch::Ended::Fate::disturbed:
      return events::Mark::retried;
    case dispatch::Ended::Fate::cancelled:
      return events::Mark::cancelled;
    case dispatch::Ended::Fate::late:
      return events::Mark::late;
    case dispatch::Ended::Fate::spare:
      return ended.outcome.kind == job::OutcomeKind::cancelled ? events::Mark::cancelled : events::Mark::late;
    case dispatch::Ended::Fate::counted:
    case dispatch::Ended::Fate::returned:
      break;
  }
  if (ended.subject == schedule::listing) return mark_of_outcome(ended.outcome);
  if (suite_.batches()->runs_again(ended.subject)) return events::Mark::retried;
  if (suite_.skips(ended.subject, ended.outcome)) return events::Mark::skipped;
  const events::Mark mark = mark_of_outcome(ended.outcome);
  const bool flaky = mark == events::Mark::passed && suite_.batches()->failures_before(ended.subject) > 0;
  return flaky ? events::Mark::flaky : mark;
}

events::Seconds Reporter::expected_left() const {
  if (!all_expected_) return events::Seconds{0};
  return work_left_.work() / std::max<std::uint32_t>(ready_, 1);
}

std::string Reporter::workload(dispatch::Subject subject) const {
  return suite_.chunks() > 0 ? suite_.name(subject) : suite_.ids().at(suite_.batches()->workloads(subject).front());
}

void Reporter::ended(const dispatch::Ended& ended) {
  // A late end may be about something that never was.
  const bool known = ended.attempt > 0;
  const bool began = running_.erase(ended.job) > 0;
  const bool lists = ended.subject == schedule::listing;
  const bool withdrawn = ended.fate == dispatch::Ended::Fate::cancelled && !began;
  if (ended.fate == dispatch::Ended::Fate::returned || withdrawn) {
    times_.forget(ended.job);
    if (known && !lists) show(events::JobReturned{ended.worker, ended.job});
    return;
  }
  const bool counted = ended.fate == dispatch::Ended::Fate::counted;
  const bool asks = suite_.experiment(ended.subject) != nullptr;
  const bool settles = known && !lists && counted && !asks && !suite_.batches()->runs_again(ended.subject);
  times_.ended(ended, settles, lists, elapsed());
  if (!known || (lists && counted)) return;
  const events::JobEnded done = told(ended);
  show_trouble();
  if (suite_.groups() != nullptr && !lists && counted && !asks) {
    tests_ended(ended, done);
  } else {
    show_end(done);
    show_trouble();
    tell_unread(ended);
  }
  if (suite_.runner() != nullptr) suite_.runner()->forget(ended.job, ended.subject);
}

void Reporter::show_end(const events::JobEnded& done) {
  if (done.mark == events::Mark::passed) {
    troubles_.erase(done.workload);
  } else if (done.mark != events::Mark::late) {
    troubles_[done.workload] = done.mark;
  }
  show(done);
}

void Reporter::runs_again(const dispatch::RunsAgain& again) {
  const bool in_groups = suite_.groups() != nullptr;
  events::RunsAgain what;
  what.item = in_groups ? suite_.ids().at(again.item) : suite_.name(again.subject);
  what.workload = in_groups ? what.item : workload(again.subject);
  what.workloads = in_groups ? 1 : suite_.batches()->workloads(again.subject).size();
  if (const auto found = troubles_.find(what.workload); found != troubles_.end()) what.mark = found->second;
  const bool was_awaited = in_groups || (is_result(what.mark) && what.mark != events::Mark::lost);
  if (was_awaited) {
    const auto expected = in_groups ? suite_.expectations().at(again.item) : suite_.expected(again.subject);
    work_left_.add(expected.value_or(std::chrono::nanoseconds{0}));
  }
  what.left = suite_.ids().size() - suite_.batches()->done();
  show(what);
}

/// Most programs that take no test by their input run all of their tests, each time.
void Reporter::tell_unread(const dispatch::Ended& ended) {
  if (!ended.outcome.unread || suite_.ids().size() < 2 || !suite_.gives_input() || std::exchange(told_unread_, true)) {
    return;
  }
  show(
      events::Notice{"the command has read nothing of its input, the workload: if it does not use $NMZ_WORKLOAD "
                     "either, it runs the same "
                     "each time ({} puts the workload into its words)"});
}

void Reporter::tell_slow() {
  for (auto& [job, running] : running_) {
    running.what.so_far = elapsed() - running.since;
    if (running.what.so_far < running.next) continue;
    running.next = 2 * running.what.so_far;
    show(running.what);
  }
}

events::JobEnded Reporter::told(const dispatch::Ended& ended) {
  events::JobEnded done;
  done.worker = ended.worker;
  done.job = ended.job;
  done.attempt = ended.attempt;
  done.item = suite_.name(ended.subject);
  done.mark = mark_of(ended);
  done.outcome = done.mark == events::Mark::skipped ? job::Class::untestable : job::classify(ended.outcome);
  done.detail = job::describe(ended.outcome);
  done.took = ended.took;
  if (ended.subject == schedule::listing) return done;
  done.workload = workload(ended.subject);
  done.run = suite_.run_number(ended.subject, ended.attempt);
  if (done.mark == events::Mark::repeated) describe_repetition(ended, done);
  done.workloads = suite_.batches()->workloads(ended.subject).size();
  done.log = logs_.close(ended.job, suite_.log_name(ended.subject), ended.attempt, keeps_log(ended, done.mark));
  if (ended.fate != dispatch::Ended::Fate::late) ran_.insert(done.workload);
  const bool singly = suite_.hunt() == nullptr && suite_.groups() == nullptr;
  if (is_result(done.mark) && done.mark != events::Mark::lost && singly) {
    work_left_.settle(suite_.expected(ended.subject).value_or(std::chrono::nanoseconds{0}), done.took);
  }
  done.left = suite_.ids().size() - suite_.batches()->done();
  done.expected_left = expected_left();
  return done;
}

void Reporter::given_up(const dispatch::GivenUp& given_up) {
  times_.given_up(given_up, elapsed());
  if (ready_ > 0) --ready_;
  events::WorkerGone gone;
  gone.worker = given_up.worker;
  gone.reason = given_up.reason;
  gone.restarting = given_up.restarting;
  gone.makes_room = given_up.makes_room;
  show(gone);
}

void Reporter::worker_added(job::WorkerId worker) { times_.added(worker, elapsed()); }

void Reporter::resized(const dispatch::Resized& resized) {
  most_workers_ = std::max(most_workers_, resized.workers);
  show(events::Notice{describe(resized)});
}

std::vector<std::string> Reporter::idle() const {
  const std::size_t subjects = suite_.chunks() > 0 ? suite_.chunks() : suite_.ids().size();
  std::vector<std::string> idle;
  for (std::size_t i = 0; i < subjects; ++i) {
    std::string name = suite_.chunks() > 0 ? suite_.name(static_cast<dispatch::Subject>(i)) : suite_.ids()[i];
    if (!ran_.contains(name)) idle.push_back(std::move(name));
  }
  return idle;
}

/// Of a hunt's many runs only what fails is kept, and one log of each workload to compare with.
bool Reporter::keeps_log(const dispatch::Ended& ended, events::Mark mark) {
  const bool about_workload =
      ended.fate == dispatch::Ended::Fate::counted || ended.fate == dispatch::Ended::Fate::retried;
  if (mark == events::Mark::repeated) return job::is_failure(job::classify(ended.outcome));
  if (suite_.hunt() == nullptr || mark != events::Mark::passed) return about_workload;
  return passing_logs_.insert(suite_.hunt()->workloads(ended.subject).front()).second;
}

void Reporter::tick() {
  if (anything_started_) {
    suite_.tell_time(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed() - first_start_));
  }
  tell_slow();
  show(events::Tick{});
}

events::RunEnded Reporter::summary() const {
  std::vector<std::chrono::nanoseconds> durations;
  for (const events::Seconds one : tally_.durations()) {
    durations.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(one));
  }
  events::RunEnded ended;
  ended.workers = most_workers_;
  ended.wall = elapsed();
  ended.log_directory = logs_.directory().string();
  ended.suite.counts = tally_.counts();
  ended.suite.failures = tally_.failures();
  ended.suite.flaky = tally_.flaky();
  ended.suite.split = times_.split(ended.wall);
  ended.suite.makespan = tally_.makespan();
  ended.suite.bound = schedule::lower_bound(durations, most_workers_);
  ended.suite.phases = phases_;
  return ended;
}

}  // namespace nmz::nmzswarm
