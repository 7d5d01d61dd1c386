#include "swarm.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nmz/contract/v0.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/history/history.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/report/executions.hpp"
#include "nmz/run/command_lookup.hpp"
#include "nmz/run/conduct.hpp"
#include "nmz/run/records.hpp"
#include "nmz/run/runner_choice.hpp"
#include "nmz/site/site.hpp"
#include "nmz/view/text.hpp"

#include "command_template.hpp"
#include "earlier_command.hpp"
#include "history_rows.hpp"
#include "hunt.hpp"
#include "on_failure.hpp"
#include "report_files.hpp"
#include "reporter.hpp"
#include "run_state.hpp"
#include "suite.hpp"
#include "worlds.hpp"

namespace nmz::nmzswarm {
namespace fs = std::filesystem;
namespace {

/// Workloads that may wait at a worker: enough to keep one busy with those that last a fraction of a millisecond. None
/// where a result decides whether others are begun at all.
std::uint32_t most_ahead(const Options& options) {
  constexpr std::uint32_t plenty = 100;
  const bool decides = options.fail_fast > 0 || options.again.until_fail > 0 || options.again.stop_at_width > 0;
  const bool in_a_tree = options.isolate != Isolate::none;                 // which is opened for one job at a time
  const bool in_calls = options.containers.kind == cluster::Kind::funker;  // each of them is one
  return decides || in_a_tree || in_calls ? 0 : plenty;
}

Result<std::string> read_all(const std::string& path) {
  std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "re");
  std::string text;
  std::size_t got = 1;
  constexpr std::size_t piece = std::size_t{64} << 10;
  while (file != nullptr && got > 0) {
    const std::size_t size = text.size();
    text.resize(size + piece);
    got = std::fread(text.data() + size, 1, piece, file);
    text.resize(size + got);
  }
  const bool failed = file == nullptr || std::ferror(file) != 0;
  const std::error_code error{errno, std::generic_category()};
  if (file != nullptr && file != stdin) static_cast<void>(std::fclose(file));
  if (!failed) return text;
  return fail(
      ErrorKind::misconfigured,
      "cannot read the workloads from " + (path == "-" ? "standard input" : "'" + path + "'") + ": " + error.message());
}

/// The list, where this program reads it itself.
struct GivenList {
  std::string text;  ///< of the file
  std::optional<WorkloadList> list;
};

GivenList given_list(const Options& options) {
  GivenList given;
  if (options.ids) {
    std::string text;
    for (const std::string& id : *options.ids) text += id + '\0';
    given.list = need(read_list(text, options.selection, Separator::nul));
  } else if (!options.workloads.empty()) {
    given.text = need(read_all(options.workloads));
    given.list = need(read_list(given.text, options.selection, options.separator));
  }
  return given;
}

std::uint32_t worker_count(const Options& options, const std::optional<WorkloadList>& list, std::uint32_t cpus) {
  std::size_t wanted = options.workers == 0 ? cpus : options.workers;
  const AgainOptions& again = options.again;
  if (list && (!again.hunts() || again.repeat > 0)) {
    const std::size_t executions = again.hunts() ? list->ids.size() * again.repeat : list->ids.size();
    wanted = std::min(wanted, std::max<std::size_t>(executions, 1));
  }
  if (list && options.chunks > 0) wanted = std::min(wanted, options.chunks);
  return static_cast<std::uint32_t>(std::max<std::size_t>(wanted, 1));
}

std::vector<std::string> command_of(const Options& options, const site::Site& site) {
  if (!options.command.empty() || !options.runner.empty()) return options.command;
  return {"/bin/sh", "-c", need(site.label(contract::v0::worker_script_label))};
}

/// Where workers see what we see: what is missing here would be each workload's failure.
Result<void> find_command(const Options& options) {
  if (options.command.empty()) return {};
  const std::string& name = options.command.front();
  const CommandTemplate places{options.command, place_of(options)};
  if (places.fill("", 1).argv.front() != name) {  // each workload has its own
    const Error none{ErrorKind::misconfigured, {}};
    const Error hint = run::with_hint(none, options.command);
    return hint.message.empty() ? Result<void>{} : tl::unexpected{hint};
  }
  const auto found = name.find('/') == std::string::npos ? run::find_in_path(name, options.environment)
                                                         : run::check_program(name, fs::path{name});
  return found.map_error([&options](const Error& error) { return run::with_hint(error, options.command); });
}

/// What is remembered of a suite, and what of its earlier run is kept.
struct Memory {
  Memory() = default;
  std::string suite;  ///< its key
  std::optional<EarlierRun> earlier;
  Kept kept;
  std::optional<history::History> history;
  std::string trouble;  ///< why there is none; one line
};

/// A history that cannot be used costs the order of the workloads, never the run.
void open_history(const Options& options, Memory& memory) {
  if (!options.use_history) return;
  const fs::path file =
      options.history.empty() ? need(installation::data_directory()) / "history.sqlite" : fs::path{options.history};
  auto opened = history::History::open(file);
  if (opened) {
    memory.history = std::move(*opened);
  } else if (options.history.empty()) {
    memory.trouble = opened.error().message + "; this run goes on without it";
  } else {
    throw StepFailed{opened.error()};
  }
}

Memory recall(const Options& options, std::string suite) {
  Memory memory;
  memory.suite = std::move(suite);
  if (options.again.rerun != Rerun::nothing) {
    memory.earlier = need(EarlierRun::find(options.log_directory, memory.suite));
  }
  open_history(options, memory);
  return memory;
}

/// Leaves those that this run is for.
void select(const AgainOptions& again, Memory& memory, std::vector<std::string>& ids) {
  if (memory.earlier) memory.kept = memory.earlier->select(again.rerun, ids, again.flaky_fails);
}

Expect expectations_from(Memory& memory) {
  return [&memory](const std::vector<std::string>& ids) {
    std::vector<schedule::Expectation> result(ids.size());
    if (!memory.history) return result;
    const auto told = memory.history->expect(memory.suite, ids);
    if (!told) return result;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if ((*told)[i]) result[i] = (*told)[i]->mean;
    }
    return result;
  };
}

int print_list(const WorkloadList& list, const Options& options) {
  std::string text;
  for (const std::string& id : list.ids) text += id + static_cast<char>(options.separator);
  const int status = run::print_page(program, text);
  return status == exit_passed && list.ids.empty() && !list.other_shards && !options.no_tests_pass ? exit_nothing
                                                                                                   : status;
}

/// What is asked for on standard output is there alone.
std::FILE* text_stream(const Options& options) {
  const auto& asked_for = {options.json, options.html, options.reports.junit, options.reports.trace, options.debug_log};
  return std::ranges::find(asked_for, output::standard_output) == std::end(asked_for) ? stdout : stderr;
}

/// A run that goes on with an earlier one has not passed where that one has failures, or holes, that it leaves.
void add_kept(events::RunEnded& ended, const Kept& kept) {
  for (const Kept::One& one : kept.failures()) {
    events::Failure failure;
    failure.name = one.workload;
    failure.detail = one.result + ", in the run that this one goes on with";
    ended.suite.earlier_failures.push_back(std::move(failure));
  }
}

/// How the run ended, in the words of events::RunEnded.
void judge(events::RunEnded& ended, const Suite& suite, const coordinator::RunEnd& end, const Kept& kept,
           bool flaky_fails) {
  const auto say = [&ended](int code, const char* result, std::string message) {
    ended.exit_code = code;
    ended.result = result;
    ended.message = std::move(message);
  };
  const auto say_unfinished = [&] {
    say(exit_infrastructure, "lost",
        fmt::format("{} workload(s) have no result yet (--rerun unfinished)", kept.unfinished));
  };
  const std::size_t flaky_failures = suite.hunt() != nullptr ? ended.suite.counts.flaky : 0;
  const std::size_t earlier_failures = ended.suite.earlier_failures.size();
  const bool failures =
      ended.suite.counts.failed + ended.suite.counts.timed_out + flaky_failures + earlier_failures > 0;
  if (end.why == dispatch::Stop::Why::interrupted) return say(exit_interrupted, "interrupted", "interrupted");
  if (suite.listing().failed) return say(exit_infrastructure, "not-listed", suite.listing().message);
  if (end.why == dispatch::Stop::Why::no_workers) {
    return say(exit_infrastructure, "no-workers", "no worker is left: " + end.reason);
  }
  if (suite.ids().empty() && earlier_failures > 0) {
    return say(exit_failed, "failed",
               fmt::format("nothing is left to run, and {} workload(s) have failed before", earlier_failures));
  }
  if (suite.ids().empty() && kept.unfinished > 0) return say_unfinished();
  if (suite.ids().empty()) {
    const WorkloadList& list = suite.listing().list;
    if (list.other_shards) return say(exit_passed, "empty", "this shard is empty: other ones have all there is to run");
    return say(suite.nothing_is_well() ? exit_passed : exit_nothing, "empty",
               list.listed == 0
                   ? "there is nothing to run: the list is empty"
                   : fmt::format("there is nothing to run: none of {} workloads is selected", list.listed));
  }
  if (failures) return say(exit_failed, "failed", "");
  if (flaky_fails && ended.suite.counts.flaky > 0) return say(exit_failed, "flaky", "");
  if (ended.suite.counts.lost > 0) {
    return say(exit_infrastructure, "lost", fmt::format("{} workload(s) got no result", ended.suite.counts.lost));
  }
  if (ended.suite.counts.not_run + ended.suite.counts.cancelled > 0)
    return say(exit_infrastructure, "lost", "some workloads were not run");
  if (kept.unfinished > 0) return say_unfinished();
  if (ended.suite.counts.flaky > 0) return say(exit_passed, "flaky", "");
  const std::size_t skipped = ended.suite.counts.skipped;
  say(exit_passed, "passed",
      skipped > 0 && skipped == ended.suite.counts.all() ? fmt::format("all {} workload(s) were skipped", skipped)
                                                         : "");
}

std::string title_of(const Options& options) {
  std::string title = options.containers.image.empty() ? "nmzswarm" : options.containers.image;
  std::replace_if(
      title.begin(), title.end(), [](char c) { return c == '/' || c == ':' || c == '@'; }, '_');
  return title;
}

site::Choice site_choice(const Options& options) {
  site::Choice choice;
  choice.containers = options.containers;
  choice.remedy = "XDG_CACHE_HOME names another place";
  return choice;
}

void tell_seed(const Options& options, const Suite& suite, Reporter& reporter) {
  if (options.again.hunts()) {
    reporter.show(events::Notice{"the first run of each workload has --seed " + std::to_string(suite.seed())});
  } else if (options.shuffle) {
    reporter.show(events::Notice{"shuffled with --seed " + std::to_string(suite.seed())});
  }
}

void tell_classifying(const ClassifyChoice& choice, const Suite& suite, Reporter& reporter) {
  const std::size_t tests = suite.classification()->failed();
  reporter.show(events::Notice{
      fmt::format("--classify: {} that failed {} again to tell why, at most {} times each, for at most {}",
                  tests == 1 ? "the workload" : fmt::format("{} workloads", tests), tests == 1 ? "runs" : "run",
                  choice.most_runs, view::duration(choice.time))});
}

void remember(Memory& memory, const HistoryRows& rows, Suite& suite, Reporter& reporter) {
  if (!memory.history) return;
  std::vector<history::Observation> all = rows.all();
  if (suite.runner() != nullptr) std::ranges::copy(suite.runner()->starts(), std::back_inserter(all));
  const auto recorded = memory.history->record(memory.suite, all, std::chrono::system_clock::now());
  if (!recorded) reporter.show(events::Notice{"the durations are not remembered: " + recorded.error().message});
}

coordinator::RunEnd carry_out(Suite& suite, site::Site& site, run::Loop& loop, const Options& options,
                              std::uint32_t workers, Reporter& reporter, run::Display& display) {
  const auto notice = [&reporter](const std::string& text) { reporter.show(events::Notice{text}); };
  site::WorkersRequest request;
  request.agent = need(installation::find_agent());
  request.count = workers;
  if (options.isolate != Isolate::none) {
    Worlds worlds = need(make_worlds(options.isolate, request.agent, site.directory(), workers));
    request.trees = std::move(worlds.trees);
    request.worlds = std::move(worlds.plans);
    request.another = std::move(worlds.another);
    if (!worlds.no_way_out.empty()) {
      notice("tests have a network of their own and reach nothing outside: " + worlds.no_way_out);
    }
  }
  request.notice = notice;
  request.reached = [&reporter](const std::string& phase) { reporter.reached(phase); };
  run::Undertaking undertaking{suite.plan(), suite, reporter};
  undertaking.items = "workloads";
  undertaking.display = &display;
  if (!options.again.hunts()) display.can_run_again([&suite](const std::string& name) { return suite.find(name); });
  undertaking.notice = notice;
  coordinator::Options conditions;
  conditions.workers = workers;
  conditions.dispatch.ahead = most_ahead(options);
  conditions.dispatch.max_worker_restarts = options.max_worker_restarts;
  conditions.dispatch.speculate = options.speculate;
  conditions.stop_limit = options.kill_grace + std::chrono::seconds{3};
  coordinator::RunEnd end = run::conduct(loop, site.workers(request), undertaking, conditions);
  reporter.reached("cleaned up");
  return end;
}

void tell_beginning(const Options& options, const Suite& suite, const site::Site& site, const Memory& memory,
                    Reporter& reporter) {
  const auto notice = [&reporter](const std::string& line) { reporter.show(events::Notice{line}); };
  if (!memory.trouble.empty()) notice(memory.trouble);
  if (const std::string line = site.choice(); !line.empty()) notice(line);
  for (const std::string& line : site.swept()) notice(line);
  if (memory.earlier) notice("going on with the run in " + memory.earlier->directory().string());
  tell_seed(options, suite, reporter);
}

/// The suite's name in the history.
std::string key_of(const Options& options, const site::Site& site) {
  if (options.runner.empty()) return site.suite_key(options.command);
  std::vector<std::string> words{"--runner", options.runner};
  words.insert(words.end(), options.command.begin(), options.command.end());
  return site.suite_key(words);
}

/// Where the list is not given, the place has a script that makes it.
void take_list(Suite& suite, std::optional<WorkloadList> list, const Options& options, Memory& memory,
               const site::Site& site) {
  if (!options.runner.empty()) {
    run::ChosenRunner chosen = need(run::find_runner(options.runner));
    if (!chosen.notice.empty()) output::complain(program.name, chosen.notice);
    auto work = std::make_unique<RunnerWork>(std::move(chosen.runner), options.command);
    work->expect_start(expectations_from(memory)({start_row}).front());
    suite.set_runner(std::move(work));
  } else if (list) {
    need(suite.set_list(std::move(*list)));
  } else {
    suite.set_master_script(need(site.label(contract::v0::master_script_label)));
  }
}

/// How the workloads did before, for who looks at the run.
void tell_past(Memory& memory, const Options& options, const Suite& suite, Reporter& reporter) {
  constexpr std::size_t most_workloads = 5000;  // a recording has it, too
  constexpr std::size_t most_executions = 10;
  const auto& ids = suite.ids();
  if (!memory.history || options.chunked || options.again.hunts() || ids.size() > most_workloads) return;
  const auto past = memory.history->past(memory.suite);
  if (!past) return;
  const std::set<std::string_view> listed(ids.begin(), ids.end());
  events::Remembered all;
  for (const history::Past& one : *past) {
    if (!listed.contains(one.workload)) continue;
    events::RememberedWorkload known;
    known.workload = one.workload;
    const std::size_t skipped = one.executions.size() - std::min(one.executions.size(), most_executions);
    for (const history::Execution& execution : std::span{one.executions}.subspan(skipped)) {
      if (!execution.passed) known.failed.emplace_back(known.took.size());
      known.took.emplace_back(std::chrono::round<std::chrono::milliseconds>(execution.took));
    }
    all.workloads.push_back(std::move(known));
  }
  if (!all.workloads.empty()) reporter.show(all);
}

/// Writes the reports and tells the end. Returns the exit status.
int conclude(const Options& options, Suite& suite, const coordinator::RunEnd& end, Kept kept, Reporter& reporter,
             report::Executions& executions, run::Records& records) {
  events::RunEnded ended = reporter.summary();
  if (suite.hunt() != nullptr) {
    ended.suite.hunted = hunted(suite, executions, options.arguments);
    kept = Kept{};  // it goes on with nothing, the earlier run only chose what to hunt for
  }
  if (suite.classification() != nullptr) ended.suite.classified = suite.classification()->told(suite.ids());
  executions.classified(ended.suite.classified);
  add_kept(ended, kept);
  judge(ended, suite, end, kept, options.again.flaky_fails);
  for (const std::string& workload : reporter.idle()) executions.not_run(workload);
  for (const Kept::One& one : kept.results) executions.known_before(one.workload, one.result);
  const auto missing = write_reports(options.reports, title_of(options), executions, records.began());
  if (!missing.empty() && ended.exit_code == exit_passed) ended.exit_code = exit_infrastructure;
  reporter.show(ended);
  if (options.reports.github) print_annotations(executions, text_stream(options));
  for (const std::string& line : missing) output::complain(program.name, line);
  const int status = records.tell_losses(ended.exit_code);
  if (!ended.message.empty()) output::complain(program.name, ended.message);
  return status;
}

/// Only what fails always is certain to be some commit's.
bool no_commits_fault(const std::vector<events::ClassifiedTest>& classified, const std::string& test) {
  const auto found = std::ranges::find(classified, test, &events::ClassifiedTest::name);
  return found != classified.end() && found->kind != "genuine" && found->kind != "undecided";
}

void bisect_what_failed(const Options& options, const Reporter& reporter,
                        const std::vector<events::ClassifiedTest>& classified, Memory& memory,
                        const std::string& commit, logs::LogStore& logs) {
  const auto tell = [](const std::string& line) { output::complain(program.name, line); };
  std::vector<std::string> failed;
  for (const events::Failure& one : reporter.summary().suite.failures) failed.push_back(one.name);
  const std::size_t all = failed.size();
  std::erase_if(failed, [&](const std::string& test) { return no_commits_fault(classified, test); });
  if (failed.size() < all) {
    tell(fmt::format("--on-failure bisect: {} of {} not searched for: no commit's fault, says --classify",
                     all - failed.size(), all));
  }
  if (failed.empty()) return;
  if (!memory.history) return tell("--on-failure bisect: " + memory.trouble);
  const auto past = memory.history->past(memory.suite);
  if (!past) return tell("--on-failure bisect: " + past.error().message);
  bisect_failures(options, red_tests(failed, *past, commit), logs, tell);
}

int run_suite(const Options& options, GivenList given) {
  std::optional<WorkloadList> list = std::move(given.list);
  const bool listed = list.has_value();
  run::Loop loop;
  const auto site = need(site::open(loop.io, site_choice(options)));
  if (site->sees_our_files() && options.runner.empty()) need(find_command(options));
  Memory memory = recall(options, key_of(options, *site));
  if (list) select(options.again, memory, list->ids);
  const std::uint32_t workers = worker_count(options, list, site->cpus());
  Suite suite{options, workers, command_of(options, *site), expectations_from(memory)};
  suite.set_environment(site->environment());
  if (options.isolate != Isolate::none) suite.set_directory(fs::current_path().string());
  suite.on_ids([&](auto& ids) { select(options.again, memory, ids); });
  take_list(suite, std::move(list), options, memory, *site);
  need(installation::find_agent());
  check_reports(options.reports);
  need(site->occupy());
  run::Records records{program, options, title_of(options), text_stream(options)};
  Reporter reporter{suite, records.logs(), workers};
  RunState state{records.logs(), memory.suite,
                 memory.earlier ? memory.earlier->lines(options.again.rerun != Rerun::last) : ""};
  if (!options.chunked && !options.again.hunts()) reporter.keep_state(state);
  records.follow(reporter);
  if (const auto kept = keep_command(records.logs(), options.arguments, given.text); !kept) {
    reporter.show(events::Notice{"--rerun alone will not find this run: " + kept.error().message});
  }
  report::Executions executions;
  reporter.add(executions);
  HistoryRows rows;
  const std::string commit = options.runner.empty() || !site->sees_our_files() ? std::string{} : tested_commit();
  rows.take_commit(commit);
  reporter.add(rows);
  reporter.show(records.beginning(*site, workers));
  tell_beginning(options, suite, *site, memory, reporter);
  const auto tell_list = [&] {
    reporter.listed();
    tell_past(memory, options, suite, reporter);
  };
  suite.on_listed(tell_list);
  suite.on_classifying([&] { tell_classifying(options.again.classify, suite, reporter); });
  if (listed) tell_list();
  coordinator::RunEnd end;
  if (!listed || !suite.ids().empty())
    end = carry_out(suite, *site, loop, options, workers, reporter, records.display());
  remember(memory, rows, suite, reporter);
  const int status = conclude(options, suite, end, memory.kept, reporter, executions, records);
  records.close(*site);
  if (options.bisect_failures && status != exit_interrupted) {
    const auto* const why = suite.classification();
    const auto classified = why == nullptr ? std::vector<events::ClassifiedTest>{} : why->told(suite.ids());
    bisect_what_failed(options, reporter, classified, memory, commit, records.logs());
  }
  return status;
}

}  // namespace

int swarm(const Options& options) {
  GivenList given = given_list(options);
  return options.list_only ? print_list(*given.list, options) : run_suite(options, std::move(given));
}

}  // namespace nmz::nmzswarm
