#include "reporter.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzswarm {
namespace {

view::WorkloadResult result_of_outcome(const job::Outcome& outcome) {
  switch (verdict_of(outcome)) {
    case report::Verdict::passed:
      return view::WorkloadResult::passed;
    case report::Verdict::failed:
      return view::WorkloadResult::failed;
    case report::Verdict::timed_out:
      return view::WorkloadResult::timed_out;
    default:
      return view::WorkloadResult::lost;
  }
}

}  // namespace

Reporter::Reporter(Suite& suite, logs::LogStore& logs, std::uint32_t workers)
    : suite_{suite}, logs_{logs}, times_{workers}, workers_{workers} {}

view::Seconds Reporter::elapsed() const { return std::chrono::steady_clock::now() - began_; }

void Reporter::show(const view::SuiteEvent& event) {
  const view::Seconds now = elapsed();
  for (view::SuiteView* view : views_) view->show(event, now);
}

void Reporter::reached(const std::string& phase) { phases_.emplace_back(phase, elapsed()); }

void Reporter::listed() {
  if (suite_.listing().failed) return;
  const auto& ids = suite_.ids();
  std::vector<std::chrono::nanoseconds> known;
  for (const schedule::Expectation& one : suite_.expectations()) {
    if (one) known.push_back(*one);
  }
  all_expected_ = suite_.hunt() == nullptr && !known.empty() && known.size() == ids.size();
  for (const auto one : known) expected_work_left_ += one;
  view::WorkloadsListed listed;
  listed.workloads = ids.size();
  listed.chunks = suite_.chunks();
  listed.repeated = suite_.hunt() != nullptr;
  if (listed.repeated) listed.runs = suite_.again().repeat;
  if (all_expected_) listed.bound = schedule::lower_bound(known, workers_);
  reached("listed");
  show(listed);
  if (state_ != nullptr) state_->listed(ids);
  tell_missing_timeouts();
  if (suite_.listing().list.duplicates > 0) {
    show(view::Notice{std::to_string(suite_.listing().list.duplicates) +
                      " workload(s) are listed more than once and run once"});
  }
}

void Reporter::tell_missing_timeouts() {
  const auto unknown = std::ranges::count(suite_.expectations(), schedule::Expectation{});
  if (!suite_.timeout_is_multiple() || unknown == 0) return;
  show(view::Notice{
      fmt::format("{} of {} workloads never ran before: they have no timeout", unknown, suite_.ids().size())});
}

void Reporter::worker_ready(job::WorkerId worker, const wire::Welcome& welcome) {
  times_.ready(worker, elapsed());
  executions_.ready(worker, welcome.node);
  if (++ready_ == 1) reached("first worker ready");
  if (ready_ == workers_) reached("all workers ready");
  show(view::WorkerReady{worker, welcome.node});
}

void Reporter::assigned(const dispatch::Assign& assignment) {
  times_.assigned(assignment, elapsed());
  if (assignment.subject == schedule::listing) return;
  if (!std::exchange(anything_started_, true)) {
    first_start_ = elapsed();
    reached("first workload started");
  }
  suite_.tell_time(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed() - first_start_));
  executions_.began(assignment, elapsed());
}

/// It may have waited at its worker since it was assigned.
void Reporter::started(const dispatch::Assign& assignment, job::Phase /*phase*/) {
  if (assignment.subject == schedule::listing) return;
  running_.insert(assignment.job);
  executions_.began(assignment, elapsed());
  view::WorkloadStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.name = suite_.name(assignment.subject);
  started.expected = suite_.expected(assignment.subject).value_or(std::chrono::nanoseconds{0});
  show(started);
}

void Reporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  if (assignment.subject == schedule::listing) return suite_.listing_output(bytes);
  logs_.append(assignment.job, suite_.log_name(assignment.subject), assignment.attempt, bytes);
  show_trouble();
}

void Reporter::show_trouble() {
  if (std::string trouble = state_ == nullptr ? "" : state_->take_trouble(); !trouble.empty()) {
    show(view::Notice{std::move(trouble)});
  }
  if (std::string trouble = logs_.take_trouble(); !trouble.empty()) show(view::Notice{std::move(trouble)});
}

view::WorkloadResult Reporter::result_of(const dispatch::Ended& ended) const {
  switch (ended.fate) {
    case dispatch::Ended::Fate::retried:
    case dispatch::Ended::Fate::disturbed:
      return view::WorkloadResult::retried;
    case dispatch::Ended::Fate::cancelled:
      return view::WorkloadResult::cancelled;
    case dispatch::Ended::Fate::late:
      return view::WorkloadResult::late;
    case dispatch::Ended::Fate::spare:
      return ended.outcome.kind == job::OutcomeKind::cancelled ? view::WorkloadResult::cancelled
                                                               : view::WorkloadResult::late;
    case dispatch::Ended::Fate::counted:
    case dispatch::Ended::Fate::returned:
      break;
  }
  if (ended.subject == schedule::listing) return result_of_outcome(ended.outcome);
  if (suite_.batches()->runs_again(ended.subject)) return view::WorkloadResult::retried;
  const view::WorkloadResult result = result_of_outcome(ended.outcome);
  const bool flaky = result == view::WorkloadResult::passed && suite_.batches()->failures_before(ended.subject) > 0;
  return flaky ? view::WorkloadResult::flaky : result;
}

void Reporter::count(const dispatch::Ended& ended, const view::WorkloadDone& done) {
  if (suite_.hunt() != nullptr) {
    if (done.result != view::WorkloadResult::lost) durations_.push_back(ended.took);
    return;
  }
  const std::size_t members = suite_.batches()->workloads(ended.subject).size();
  const bool flaky = done.result == view::WorkloadResult::flaky;
  const bool passed = flaky || done.result == view::WorkloadResult::passed;
  if (done.result == view::WorkloadResult::retried) {
    to_be_retried_[ended.subject] = {result_of_outcome(ended.outcome), {done.name, done.detail, done.took, done.log}};
    return;
  }
  const bool lost = done.result == view::WorkloadResult::lost;
  if (state_ != nullptr) state_->result(done.name, view::word_of(done.result));
  if (flaky) {
    counts_.flaky += members;
    flaky_.push_back(to_be_retried_[ended.subject].second);
  } else if (passed) {
    counts_.passed += members;
  }
  to_be_retried_.erase(ended.subject);
  if (lost) counts_.lost += members;
  if (done.result == view::WorkloadResult::failed) counts_.failed += members;
  if (done.result == view::WorkloadResult::timed_out) counts_.timed_out += members;
  if (!passed) failures_.push_back({done.name, done.detail, done.took, done.log});
  if (lost) return;
  durations_.push_back(ended.took);
  expected_work_left_ -= suite_.expected(ended.subject).value_or(std::chrono::nanoseconds{0});
  if (suite_.chunks() > 0) return;
  history::Observation observation;
  observation.workload = done.name;
  observation.took = ended.took;
  observation.passed = passed;
  // An execution that was ended tells how long it lasted at least, not how long it takes.
  if (done.result != view::WorkloadResult::timed_out) observations_.push_back(std::move(observation));
}

view::Seconds Reporter::expected_left() const {
  if (!all_expected_ || expected_work_left_.count() <= 0) return view::Seconds{0};
  return expected_work_left_ / std::max<std::uint32_t>(ready_, 1);
}

void Reporter::ended(const dispatch::Ended& ended) {
  // A late end may be about something that never was.
  const bool known = ended.attempt > 0;
  const bool began = running_.erase(ended.job) > 0;
  const bool withdrawn = ended.fate == dispatch::Ended::Fate::cancelled && !began;
  if (ended.fate == dispatch::Ended::Fate::returned || withdrawn) {
    times_.forget(ended.job);
    executions_.forget(ended.job);
    return;
  }
  const bool lists = ended.subject == schedule::listing;
  const bool counts =
      known && !lists && ended.fate == dispatch::Ended::Fate::counted && !suite_.batches()->runs_again(ended.subject);
  times_.ended(ended, counts, lists, elapsed());
  if (!known || (ended.subject == schedule::listing && ended.fate == dispatch::Ended::Fate::counted)) return;
  view::WorkloadDone done;
  done.worker = ended.worker;
  done.job = ended.job;
  done.attempt = ended.attempt;
  done.name = suite_.name(ended.subject);
  done.result = result_of(ended);
  done.detail = job::describe(ended.outcome);
  done.took = ended.took;
  if (ended.subject != schedule::listing) {
    done.log = logs_.close(ended.job, suite_.log_name(ended.subject), ended.attempt, keeps_log(ended, done.result));
    const bool alone = suite_.chunks() == 0;
    const std::string workload =
        alone ? suite_.ids().at(suite_.batches()->workloads(ended.subject).front()) : done.name;
    executions_.ended(ended, workload, suite_.run_number(ended.subject, ended.attempt), done.log, elapsed());
    if (ended.fate == dispatch::Ended::Fate::cancelled) {
      cancelled_[ended.subject] = suite_.batches()->workloads(ended.subject).size();
    }
    if (ended.fate == dispatch::Ended::Fate::counted) {
      count(ended, done);
      last_end_ = elapsed();
    }
    done.left = suite_.ids().size() - suite_.batches()->done();
    done.expected_left = expected_left();
  }
  show_trouble();
  show(done);
}

void Reporter::given_up(const dispatch::GivenUp& given_up) {
  times_.given_up(given_up, elapsed());
  if (ready_ > 0) --ready_;
  view::WorkerGone gone;
  gone.worker = given_up.worker;
  gone.reason = given_up.reason;
  gone.restarting = given_up.restarting;
  gone.makes_room = given_up.makes_room;
  show(gone);
}

Executions& Reporter::executions() {
  std::set<std::string_view> ran;
  for (const report::Execution& one : executions_.all()) ran.insert(one.workload);
  const std::size_t subjects = suite_.chunks() > 0 ? suite_.chunks() : suite_.ids().size();
  std::vector<std::string> idle;
  for (std::size_t i = 0; i < subjects; ++i) {
    std::string name = suite_.chunks() > 0 ? suite_.name(static_cast<dispatch::Subject>(i)) : suite_.ids()[i];
    if (!ran.contains(name)) idle.push_back(std::move(name));
  }
  for (const std::string& name : idle) executions_.not_run(name);
  return executions_;
}

/// Of a hunt's many runs only what fails is kept, and one log of each workload to compare with.
bool Reporter::keeps_log(const dispatch::Ended& ended, view::WorkloadResult result) {
  const bool about_workload =
      ended.fate == dispatch::Ended::Fate::counted || ended.fate == dispatch::Ended::Fate::retried;
  if (suite_.hunt() == nullptr || result != view::WorkloadResult::passed) return about_workload;
  return passing_logs_.insert(suite_.hunt()->workloads(ended.subject).front()).second;
}

/// A workload of a hunt that fails sometimes is flaky.
void Reporter::count_hunted(view::SuiteEnded& ended) const {
  ended.counts = view::SuiteCounts{};
  for (std::size_t i = 0; i < suite_.ids().size(); ++i) {
    const schedule::Tally& tally = suite_.hunt()->tally(static_cast<schedule::Workload>(i));
    if (tally.runs == 0) {
      ++(tally.lost > 0 ? ended.counts.lost : ended.counts.not_run);
    } else if (tally.failures == 0) {
      ++ended.counts.passed;
    } else {
      ++(tally.failures == tally.runs ? ended.counts.failed : ended.counts.flaky);
    }
  }
}

void Reporter::tick() {
  if (anything_started_) {
    suite_.tell_time(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed() - first_start_));
  }
  show(view::Tick{});
}

view::SuiteEnded Reporter::summary() const {
  view::SuiteEnded ended;
  ended.counts = counts_;
  ended.failures = failures_;
  for (const auto& [subject, failure] : to_be_retried_) {
    const std::size_t members = suite_.batches()->workloads(subject).size();
    (failure.first == view::WorkloadResult::timed_out ? ended.counts.timed_out : ended.counts.failed) += members;
    ended.failures.push_back(failure.second);
  }
  for (const auto& [subject, workloads] : cancelled_) {
    if (!to_be_retried_.contains(subject)) ended.counts.cancelled += workloads;
  }
  ended.counts.not_run = suite_.ids().size() - ended.counts.all();
  if (suite_.hunt() != nullptr) count_hunted(ended);
  ended.flaky = flaky_;
  ended.workers = workers_;
  ended.wall = elapsed();
  ended.split = times_.split(ended.wall);
  ended.makespan = last_end_ - first_start_;
  ended.bound = schedule::lower_bound(durations_, workers_);
  ended.phases = phases_;
  ended.log_directory = logs_.directory().string();
  return ended;
}

}  // namespace nmz::nmzswarm
