#include "culprits.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nmz/error/steps.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/report/culprits.hpp"
#include "nmz/report/junit.hpp"
#include "nmz/run/records.hpp"
#include "nmz/run/runner_choice.hpp"
#include "nmz/search/many_culprits_plan.hpp"
#include "nmz/text/utf8.hpp"

#include "bisect.hpp"
#include "culprit_answer.hpp"
#include "culprit_reporter.hpp"
#include "remembered_tests.hpp"
#include "test_memory.hpp"
#include "test_runs.hpp"
#include "trees.hpp"
#include "workforce.hpp"

namespace nmz::nmzbisect {
namespace {

std::optional<std::vector<std::string>> given_tests(const Options& options) {
  if (!options.tests.empty()) return need(tests_in(options.tests));
  if (!options.failed_of.empty()) return need(failed_tests_of(options.failed_of));
  return std::nullopt;
}

search::ManyCulpritsOptions plan_options(const Search& search, const TestRuns& tests) {
  search::ManyCulpritsOptions options;
  options.trust_ends = search.options.trust_ends;
  options.confirm = search.options.confirm.value_or(true);
  options.workers = search.workers;
  options.outside = search.range.outside.size();
  if (tests.given()) options.tests = tests.ids().size();
  options.largest = tests.most_together();
  options.skipped = search.range.skipped;
  return options;
}

/// Python takes a compiled file for its source's if time (in seconds) and size agree; two commits are often tested
/// within one second, and differ in one letter.
void keep_python_honest(wire::Run& command) {
  constexpr std::string_view variable = "PYTHONDONTWRITEBYTECODE=";
  const auto sets = [&](const std::string& one) { return one.starts_with(variable); };
  if (std::ranges::none_of(command.env, sets)) command.env.push_back(std::string{variable} + "1");
}

/// Questions are about a plan that has to be there first.
class Case {
 public:
  Case(const Search& search, run::ChosenRunner& runner)
      : tests{std::move(runner.runner), search.options.runner, search.options.command, given_tests(search.options)},
        plan{search.range.graph, plan_options(search, tests), tests.questions(plan)} {
    if (search.options.on_timeout == search::TimeoutMeans::bad) tests.time_out_fails();
  }
  TestRuns tests;
  search::ManyCulpritsPlan plan;
};

std::optional<std::vector<std::string>> given_tests_of(const TestRuns& tests) {
  return tests.given() ? std::optional{tests.ids()} : std::nullopt;
}

Named name(const Search& search, dispatch::Subject commit) {
  const git::CommitId id = search.subjects.at(commit);
  return {id, search.message_line(id)};
}

coordinator::RunEnd carry_out(Search& search, Case& the_case, RememberedTests& plan, const wire::Run& command,
                              Workshop& shop, CulpritReporter& reporter) {
  const auto notice = [&reporter](const std::string& text) { reporter.show(events::Notice{text}); };
  take_patches(search, shop, notice);
  furnish(search, shop, notice);
  Repetition work;
  work.commits = search.subjects;
  work.trials = [&plan = the_case.plan](dispatch::Subject execution) {
    return CommitWork::Trial{plan.commit_of(execution), plan.number_of(execution)};
  };
  work.commands = [&the_case](const dispatch::Assign& assignment, wire::Run& run) {
    the_case.tests.give(the_case.plan, assignment, run);
  };
  work.fresh_trees = false;
  coordinator::RunEnd end = carry_out_again(search, work, command, shop, plan, {reporter, notice});
  tell_changes(search, shop, notice);
  return end;
}

events::RunEnded summary(const Search& search, const CulpritAnswer& answer, const CulpritReporter& reporter,
                         const logs::LogStore& logs) {
  events::RunEnded ended;
  ended.result = answer.result;
  ended.message = answer.message;
  ended.search.culprits = answer.culprits;
  ended.search.other_tests = answer.others;
  if (answer.culprits.size() == 1) ended.search.suspects = answer.culprits.front().suspects;
  ended.search.tests = reporter.counts().all();
  ended.search.good = reporter.counts().good;
  ended.search.bad = reporter.counts().bad;
  ended.search.skip = reporter.counts().skip;
  ended.search.known = reporter.counts().known;
  ended.search.answer = answer.output;
  ended.workers = std::max(search.workers, reporter.most_workers());
  ended.wall = reporter.elapsed();
  ended.log_directory = logs.directory().string();
  ended.exit_code = answer.exit_status;
  return ended;
}

/// Returns the exit status.
int write_reports(const Options& options, const events::SearchResult& result, int status) {
  if (output::runs_in_github_actions()) {
    for (const std::string& line : report::culprit_annotations(result)) output::write(stderr, line + "\n");
  }
  if (options.junit.empty()) return status;
  const auto written = report::write_junit(options.junit, "nmzbisect", report::results_of_search(result));
  if (written) return status;
  output::complain(program.name, "the JUnit report is missing: " + written.error().message);
  return status == exit_found ? program.failed : status;
}

int print(const Options& options, const CulpritAnswer& answer, run::Records& records) {
  if (answers_elsewhere(options)) {
    output::write(stderr, output::without_commands(answer.output));
  } else {
    output::print(output::without_commands(answer.output));
  }
  if (!answer.message.empty()) output::complain(program.name, answer.message);
  return records.tell_losses(answer.exit_status);
}

/// What is remembered, in a line.
void tell_known(const RememberedTests& plan, CulpritReporter& reporter) {
  if (plan.known() == 0) return;
  reporter.show(events::Notice{fmt::format(
      "{}what the tests said at {} commit{} is known from earlier tests (--again tests them anew)",
      plan.goes_on() ? "goes on where it was interrupted: " : "", plan.known(), plan.known() == 1 ? "" : "s")});
}

/// The search has ended: what it has found out is kept.
void remember(const Case& the_case, const events::RunEnded& ended, TestMemory& memory, CulpritReporter& reporter) {
  std::set<std::string> flaky;
  for (search::TestNumber test = 0; test < the_case.plan.tests(); ++test) {
    const search::Fate::Kind kind = the_case.plan.fate(test).kind;
    const bool doubtful = kind == search::Fate::Kind::flaky || kind == search::Fate::Kind::no_single_commit;
    if (doubtful) flaky.insert(the_case.tests.id(test));
  }
  std::string answer;
  for (const events::Culprit& one : ended.search.culprits) answer += (answer.empty() ? "" : " ") + one.commit;
  memory.end(ended.result, answer, ended.search.tests, the_case.plan.finished(), flaky);
  if (const std::string trouble = memory.take_trouble(); !trouble.empty()) reporter.show(events::Notice{trouble});
}

}  // namespace

int find_culprits(Search& search, run::Loop& loop, site::Site& site) {
  const Options& options = search.options;
  run::ChosenRunner runner = need(run::find_runner(options.runner, options.directory));
  const std::string found = runner.notice;
  Case the_case{search, runner};
  Workshop shop{
      loop, site, need(installation::find_agent()), need(read_inputs(options, search.repository, search.range)), {},
      {},   {}};
  wire::Run command = worker_command(search, site);
  keep_python_honest(command);
  TestMemory memory{search, Question{search, site, command, shop.inputs}, given_tests_of(the_case.tests)};
  RememberedTests plan{the_case.plan, the_case.tests, memory, search.range.graph};
  plan.absorb();
  if (!plan.finished()) need(site.occupy());
  run::Records records{program, options, repository_name(search.repository), stderr};
  const auto names = [&search](dispatch::Subject commit) { return name(search, commit); };
  CulpritReporter reporter{the_case.plan, the_case.tests, names, records.logs(), {options.term_old, options.term_new}};
  records.follow(reporter);
  events::RunStarted started = records.beginning(site, search.workers);
  started.candidates = search.range.graph.candidates();
  started.rounds = the_case.plan.rounds_left();
  reporter.show(started);
  reporter.show(history_of(search));
  if (const std::string line = site.choice(); !line.empty()) reporter.show(events::Notice{line});
  for (const std::string& line : site.swept()) reporter.show(events::Notice{line});
  if (!found.empty()) reporter.show(events::Notice{found});
  if (const std::string trouble = memory.take_trouble(); !trouble.empty()) reporter.show(events::Notice{trouble});
  plan.tell([&reporter](const RememberedTests::Recalled& recalled) { reporter.known(recalled); });
  tell_known(plan, reporter);
  reporter.on_counted(
      [&plan](const dispatch::Ended& ended, const std::string& log) { plan.keep(ended.subject, ended.outcome, log); });
  coordinator::RunEnd end;
  const bool tests = !plan.finished();
  if (tests) end = carry_out(search, the_case, plan, command, shop, reporter);
  const CulpritAnswer answer = culprit_answer(the_case.plan, the_case.tests, end, options, names,
                                              [&](dispatch::Subject commit) { return reporter.log_of(commit); });
  const events::RunEnded ended = summary(search, answer, reporter, records.logs());
  remember(the_case, ended, memory, reporter);
  reporter.show(ended);
  const int status = write_reports(options, ended.search, print(options, answer, records));
  if (tests && keeps_trees(options)) site.keep(trees_to_keep(search, shop.inputs, site, shop.in_trees));
  records.close(site);
  return status;
}

}  // namespace nmz::nmzbisect
