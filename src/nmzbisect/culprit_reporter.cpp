#include "culprit_reporter.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::size_t short_id = 12;

/// "3 of 40 fail, 2 are absent"
std::string tally(const events::TestsTold& told, std::size_t nothing) {
  const std::size_t all =
      told.passed.size() + told.failed.size() + told.untestable.size() + told.absent.size() + nothing;
  std::string text = fmt::format("{} of {} fail", told.failed.size(), all);
  const auto add = [&text](std::size_t count, const char* what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(told.absent.size(), "absent");
  add(told.untestable.size(), "untestable");
  add(nothing, "without a verdict yet");
  return text;
}

}  // namespace

CulpritReporter::CulpritReporter(const search::ManyCulpritsPlan& plan, TestRuns& tests,
                                 std::function<Named(dispatch::Subject)> names, logs::LogStore& logs,
                                 Reporter::Words words)
    : plan_{plan}, tests_{tests}, names_{std::move(names)}, logs_{logs}, words_{std::move(words)} {}

void CulpritReporter::worker_ready(job::WorkerId worker, const wire::Welcome& welcome) {
  show(events::WorkerReady{worker, welcome.node});
}

void CulpritReporter::assigned(const dispatch::Assign& assignment) {
  events::JobAssigned assigned;
  assigned.worker = assignment.worker;
  assigned.job = assignment.job;
  assigned.attempt = assignment.attempt;
  assigned.item = name(assignment.subject).id.hex();
  assigned_at_[assignment.job] = elapsed();
  show(assigned);
}

void CulpritReporter::started(const dispatch::Assign& assignment, job::Phase phase) {
  events::PhaseStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.item = name(assignment.subject).id.hex();
  started.phase = phase;
  show(started);
}

/// Each execution of a commit has one of its own.
std::string CulpritReporter::log_name(dispatch::Subject execution) const {
  const std::uint32_t number = plan_.number_of(execution);
  return name(execution).id.hex() + (number > 1 ? ".run-" + std::to_string(number) : "");
}

void CulpritReporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  const std::string text = tests_.output(assignment.job, bytes);
  logs_.append(assignment.job, log_name(assignment.subject), assignment.attempt, text);
  show_trouble();
  show(events::Output{assignment.job, text});
}

void CulpritReporter::finished(const dispatch::Assign& assignment, const wire::Finished& finished) {
  const std::string rest = tests_.finished(assignment, finished);
  if (!rest.empty()) logs_.append(assignment.job, log_name(assignment.subject), assignment.attempt, rest);
}

std::string CulpritReporter::log_of(dispatch::Subject commit) const {
  const auto found = kept_logs_.find(commit);
  return found == kept_logs_.end() ? std::string{} : found->second;
}

void CulpritReporter::show_trouble() {
  if (std::string trouble = logs_.take_trouble(); !trouble.empty()) show(events::Notice{std::move(trouble)});
}

void CulpritReporter::sort(const std::string& test, search::Said what, Said& said) {
  switch (what) {
    case search::Said::passed:
      said.told.passed.push_back(test);
      break;
    case search::Said::failed:
      said.told.failed.push_back(test);
      break;
    case search::Said::untestable:
      said.told.untestable.push_back(test);
      break;
    case search::Said::absent:
      said.told.absent.push_back(test);
      break;
    case search::Said::nothing:
      ++said.nothing;
  }
}

CulpritReporter::Said CulpritReporter::said(const dispatch::Ended& ended) const {
  Said said;
  said.told.job = ended.job;
  said.told.item = name(ended.subject).id.hex();
  const auto& answers = plan_.answers_of(ended.subject);
  const auto tests = plan_.tests_of(ended.subject);
  for (std::size_t i = 0; i < answers.size(); ++i) sort(tests_.id(tests[i]), answers[i], said);
  return said;
}

void CulpritReporter::describe_tests(const dispatch::Ended& ended, const Said& said, events::JobEnded& done) {
  if (plan_.task_of(ended.subject) == search::ManyCulpritsPlan::Task::list) {
    const bool of_all = plan_.tests_of(ended.subject).empty();
    done.mark = job::passed(ended.outcome) ? events::Mark::passed : events::Mark::skipped;
    done.word = "list";
    if (of_all && !plan_.without_list()) done.detail = fmt::format("{} tests", tests_.ids().size());
    if (!of_all)
      done.detail = fmt::format("{} of {} absent", said.told.absent.size(), plan_.tests_of(ended.subject).size());
    return;
  }
  const std::string how = done.detail;
  done.detail = tally(said.told, said.nothing);
  if (!said.told.failed.empty()) {
    done.mark = events::Mark::failed;
    done.word = words_.bad;
    ++counts_.bad;
  } else if (!said.told.passed.empty()) {
    done.mark = events::Mark::passed;
    done.word = words_.good;
    ++counts_.good;
  } else {
    done.mark = events::Mark::skipped;
    done.word = "skip";
    if (!how.empty()) done.detail += ", " + how;
    ++counts_.skip;
  }
}

void CulpritReporter::ended(const dispatch::Ended& ended) {
  if (ended.attempt == 0) return;  // it never was
  using Fate = dispatch::Ended::Fate;
  const Named named = name(ended.subject);
  const bool counted = ended.fate == Fate::counted && !plan_.answers_of(ended.subject).empty();
  const bool list = plan_.task_of(ended.subject) == search::ManyCulpritsPlan::Task::list;
  const bool retried = ended.fate == Fate::retried || ended.fate == Fate::disturbed;
  events::JobEnded done = ended_as(ended, named,
                                   retried ? std::pair{events::Mark::retried, std::string{"retry"}}
                                           : std::pair{events::Mark::cancelled, std::string{"cancelled"}});
  done.log = logs_.close(ended.job, log_name(ended.subject), ended.attempt, counted || retried || list);
  show_trouble();
  const Said of_tests = said(ended);
  const auto assigned = assigned_at_.extract(ended.job);
  if (counted || (list && ended.fate == Fate::counted)) {
    describe_tests(ended, of_tests, done);
    if (!list) kept_logs_[plan_.commit_of(ended.subject)] = done.log;
    if (!assigned.empty()) worked_ += elapsed() - assigned.mapped();
  }
  const events::Progress now = progress();
  done.left = now.left;
  done.expected_left = now.expected_left;
  if (counted) show(now);
  show(done);
  if (counted) show(of_tests.told);
  if (counted && counted_) counted_(ended, done.log);
  tests_.forget(ended.job, ended.subject);
}

void CulpritReporter::known(const RememberedTests::Recalled& recalled) {
  const TestMemory::Known& known = recalled.known;
  const Named named = names_(recalled.commit);
  Said of_tests;
  of_tests.told.item = named.id.hex();
  for (const auto& [test, what] : recalled.said) sort(tests_.id(test), what, of_tests);
  ++counts_.known;
  if (!known.log.empty()) kept_logs_.try_emplace(recalled.commit, known.log);
  events::VerdictKnown told;
  told.item = named.id.hex();
  told.subject = named.subject;
  told.mark = !of_tests.told.failed.empty()   ? events::Mark::failed
              : !of_tests.told.passed.empty() ? events::Mark::passed
                                              : events::Mark::skipped;
  told.word = told.mark == events::Mark::failed ? words_.bad : told.mark == events::Mark::passed ? words_.good : "skip";
  told.unix_time = std::chrono::duration_cast<events::Seconds>(known.when.time_since_epoch());
  told.own = known.own;
  told.log = known.log;
  told.left = plan_.undecided();
  show(told);
  show(of_tests.told);
}

events::Progress CulpritReporter::progress() const {
  events::Progress progress;
  progress.left = plan_.undecided();
  progress.tests = counts_.all();
  progress.rounds_left = plan_.rounds_left();
  if (counts_.all() > 0) progress.expected_left = worked_ / static_cast<double>(counts_.all()) * progress.rounds_left;
  return progress;
}

void CulpritReporter::given_up(const dispatch::GivenUp& given_up) {
  events::WorkerGone gone;
  gone.worker = given_up.worker;
  gone.reason = given_up.reason;
  gone.restarting = given_up.restarting;
  gone.makes_room = given_up.makes_room;
  show(gone);
}

void CulpritReporter::resized(const dispatch::Resized& resized) {
  most_workers_ = std::max(most_workers_, resized.workers);
  show(events::Notice{describe(resized)});
}

void CulpritReporter::collided(const dispatch::Collided& collided) {
  show(events::Notice{
      fmt::format("the tests of {} and {} took {} at the same time: both are tested again, and from now on one "
                  "commit is tested at a time",
                  name(collided.subject).id.hex().substr(0, short_id),
                  name(collided.other).id.hex().substr(0, short_id), collided.what.name)});
}

void CulpritReporter::tick() { show(events::Tick{}); }

}  // namespace nmz::nmzbisect
