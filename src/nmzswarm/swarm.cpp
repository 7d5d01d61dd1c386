#include "swarm.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/contract/v0.hpp"
#include "nmz/coordinator/conduct.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/history/history.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/report/executions.hpp"
#include "nmz/run/recording.hpp"
#include "nmz/site/site.hpp"
#include "nmz/view/json_lines.hpp"
#include "nmz/view/text.hpp"

#include "history_rows.hpp"
#include "hunt.hpp"
#include "report_files.hpp"
#include "reporter.hpp"
#include "run_state.hpp"
#include "suite.hpp"

namespace nmz::nmzswarm {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

/// Workloads that may wait at a worker: enough to keep one busy with those that last a fraction of a millisecond. None
/// where a result decides whether others are begun at all.
std::uint32_t most_ahead(const Options& options) {
  constexpr std::uint32_t plenty = 100;
  const bool decides = options.fail_fast > 0 || options.again.until_fail > 0 || options.again.stop_at_width > 0;
  return decides ? 0 : plenty;
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
std::optional<WorkloadList> given_list(const Options& options) {
  if (options.workloads.empty()) return std::nullopt;
  return need(read_list(need(read_all(options.workloads)), options.selection));
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

std::vector<std::string> command_of(const Options& options, const site::Site& place) {
  if (!options.command.empty()) return options.command;
  return {"/bin/sh", "-c", need(place.label(contract::v0::worker_script_label))};
}

Result<std::unique_ptr<orchestrator::Orchestrator>> make_workers(site::Site& place, std::uint32_t count,
                                                                 Reporter& reporter) {
  site::WorkersRequest request;
  request.agent = need(installation::find_agent());
  request.count = count;
  request.notice = [&reporter](const std::string& text) { reporter.show(events::Notice{text}); };
  request.reached = [&reporter](const std::string& phase) { reporter.reached(phase); };
  return place.workers(request);
}

/// A history that cannot be used costs the order of the workloads, never the run.
std::optional<history::History> open_history(const Options& options, std::string& trouble) {
  if (!options.use_history) return std::nullopt;
  const fs::path file =
      options.history.empty() ? need(installation::data_directory()) / "history.sqlite" : fs::path{options.history};
  auto opened = history::History::open(file);
  if (opened) return std::move(*opened);
  if (!options.history.empty()) throw StepFailed{opened.error()};
  trouble = opened.error().message + "; this run goes on without it";
  return std::nullopt;
}

Expect expectations_from(std::optional<history::History>& known, const std::string& suite) {
  return [&known, suite](const std::vector<std::string>& ids) {
    std::vector<schedule::Expectation> result(ids.size());
    if (!known) return result;
    const auto told = known->expect(suite, ids);
    if (!told) return result;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if ((*told)[i]) result[i] = (*told)[i]->mean;
    }
    return result;
  };
}

int print_list(const WorkloadList& list) {
  std::string text;
  for (const std::string& id : list.ids) text += id + "\n";
  output::print(text);
  const Result<void> printed = output::complete_standard_output();
  if (printed) return list.ids.empty() ? exit_nothing : exit_passed;
  complain(printed.error().message);
  return exit_infrastructure;
}

/// What is asked for on standard output is there alone.
std::FILE* text_stream(const Options& options) {
  const auto& asked_for = {options.json, options.reports.junit, options.reports.trace, options.debug_log};
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
void conclude(events::RunEnded& ended, const Suite& suite, const coordinator::RunEnd& end, const Kept& kept,
              bool flaky_fails) {
  const auto say = [&ended](int code, const char* result, std::string message) {
    ended.exit_code = code;
    ended.result = result;
    ended.message = std::move(message);
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
  if (suite.ids().empty()) {
    const std::size_t listed = suite.listing().list.listed;
    return say(exit_nothing, "empty",
               listed == 0 ? "there is nothing to run: the list is empty"
                           : fmt::format("there is nothing to run: none of {} workloads is selected", listed));
  }
  if (failures) return say(exit_failed, "failed", "");
  if (flaky_fails && ended.suite.counts.flaky > 0) return say(exit_failed, "flaky", "");
  if (ended.suite.counts.lost > 0) {
    return say(exit_infrastructure, "lost", fmt::format("{} workload(s) got no result", ended.suite.counts.lost));
  }
  if (ended.suite.counts.not_run + ended.suite.counts.cancelled > 0)
    return say(exit_infrastructure, "lost", "some workloads were not run");
  if (kept.unfinished > 0) {
    return say(exit_infrastructure, "lost",
               fmt::format("{} workload(s) have no result yet (--rerun unfinished)", kept.unfinished));
  }
  if (ended.suite.counts.flaky > 0) return say(exit_passed, "flaky", "");
  say(exit_passed, "passed", "");
}

std::string title_of(const Options& options) {
  std::string title = options.containers.image.empty() ? "nmzswarm" : options.containers.image;
  std::replace_if(
      title.begin(), title.end(), [](char c) { return c == '/' || c == ':' || c == '@'; }, '_');
  return title;
}

void tell_seed(const Options& options, const Suite& suite, Reporter& reporter) {
  if (options.again.hunts()) {
    reporter.show(events::Notice{"the first run of each workload has --seed " + std::to_string(suite.seed())});
  } else if (options.shuffle) {
    reporter.show(events::Notice{"shuffled with --seed " + std::to_string(suite.seed())});
  }
}

void remember(history::History& known, const std::string& suite, const HistoryRows& rows, Reporter& reporter) {
  const Result<void> recorded = known.record(suite, rows.all(), std::chrono::system_clock::now());
  if (!recorded) reporter.show(events::Notice{"the durations are not remembered: " + recorded.error().message});
}

/// The program's event loop, and the user's signals on it.
struct Loop {
  Loop() = default;
  asio::io_context io{1};
  coordinator::Signals signals{io};
};

coordinator::RunEnd run(Suite& suite, orchestrator::Orchestrator& workers, Loop& loop, Reporter& reporter,
                        const coordinator::Options& options) {
  const coordinator::Parts parts{suite.plan(), workers, suite, reporter};
  const auto interrupted = [&reporter] {
    reporter.show(events::Notice{"interrupted: ending the running workloads (once more to kill them)"});
  };
  coordinator::RunEnd end = coordinator::conduct(loop.io, loop.signals, parts, options, interrupted);
  reporter.reached("cleaned up");
  if (!end.left_behind.empty()) reporter.show(events::Notice{"cannot remove the containers: " + end.left_behind});
  return end;
}

std::optional<EarlierRun> earlier_run(const Options& options, const std::string& suite) {
  if (options.again.rerun == Rerun::nothing) return std::nullopt;
  return need(EarlierRun::find(options.log_directory, suite));
}

/// Returns the exit status. `missing`: reports that could not be written.
int tell_end(events::RunEnded ended, std::vector<std::string> missing, const Options& options, Reporter& reporter,
             const report::Executions& executions, view::JsonLines* json) {
  if (!missing.empty() && ended.exit_code == exit_passed) ended.exit_code = exit_infrastructure;
  reporter.show(ended);
  if (options.reports.github) print_annotations(executions, text_stream(options));
  if (json != nullptr) {
    const Result<void> written = json->close();
    if (!written && options.json != output::standard_output) missing.push_back(written.error().message);
  }
  if (const Result<void> printed = output::complete_standard_output(); !printed) {
    missing.push_back(printed.error().message);
  }
  for (const std::string& line : missing) complain(line);
  if (!ended.message.empty()) complain(ended.message);
  return ended.exit_code == exit_passed && !missing.empty() ? exit_infrastructure : ended.exit_code;
}

int run_suite(const Options& options, std::optional<WorkloadList> list) {
  const auto started = std::chrono::system_clock::now();
  Loop loop;
  site::Choice choice;
  choice.containers = options.containers;
  choice.remedy = "XDG_CACHE_HOME names another place";
  const auto place = need(site::open(loop.io, choice));
  const std::string suite_key = place->suite_key(options.command);
  const std::optional<EarlierRun> earlier = earlier_run(options, suite_key);
  Kept kept;
  if (earlier && list) kept = earlier->select(options.again.rerun, list->ids, options.again.flaky_fails);
  const std::uint32_t count = worker_count(options, list, place->cpus());
  std::string trouble;
  std::optional<history::History> known = open_history(options, trouble);

  Suite suite{options, count, command_of(options, *place), expectations_from(known, suite_key)};
  if (earlier)
    suite.on_ids([&](auto& ids) { kept = earlier->select(options.again.rerun, ids, options.again.flaky_fails); });
  const bool listed = list.has_value();
  if (list) {
    need(suite.set_list(std::move(*list)));
  } else {
    suite.set_master_script(need(place->label(contract::v0::master_script_label)));
  }
  need(installation::find_agent());
  check_reports(options.reports);
  std::unique_ptr<view::JsonLines> json;
  if (!options.json.empty()) json = need(view::JsonLines::open(options.json, events::Kind::suite));
  logs::LogStore log_store = need(logs::LogStore::open(options.log_directory, title_of(options)));
  need(place->occupy());
  std::FILE* const out = text_stream(options);
  view::Text text{out, events::Kind::suite, view::TextStyle::for_stream(out, options.verbosity)};

  Reporter reporter{suite, log_store, count};
  RunState state{log_store, suite_key, earlier ? earlier->lines(options.again.rerun != Rerun::last) : ""};
  if (!options.chunked && !options.again.hunts()) reporter.keep_state(state);
  reporter.add(text);
  if (json) reporter.add(*json);
  run::Recording recording{log_store.directory(), events::Kind::suite, "nmzswarm", options.json};
  reporter.add(recording);
  report::Executions executions;
  reporter.add(executions);
  HistoryRows rows;
  reporter.add(rows);
  events::RunStarted beginning;
  beginning.title = title_of(options);
  beginning.where = place->where();
  beginning.unix_time = started.time_since_epoch();
  beginning.workers = count;
  beginning.log_directory = log_store.directory().string();
  reporter.show(beginning);
  if (!trouble.empty()) reporter.show(events::Notice{trouble});
  for (const std::string& line : place->swept()) reporter.show(events::Notice{line});
  if (earlier) reporter.show(events::Notice{"going on with the run in " + earlier->directory().string()});
  tell_seed(options, suite, reporter);
  suite.on_listed([&reporter] { reporter.listed(); });
  if (listed) reporter.listed();

  coordinator::RunEnd end;
  if (!listed || !suite.ids().empty()) {
    coordinator::Options conditions;
    conditions.workers = count;
    conditions.dispatch.ahead = most_ahead(options);
    conditions.dispatch.max_worker_restarts = options.max_worker_restarts;
    conditions.dispatch.speculate = options.speculate;
    conditions.stop_limit = options.kill_grace + std::chrono::seconds{3};
    // An image may have to be pushed before there can be workers, and the user may have had enough of it.
    auto workers = make_workers(*place, count, reporter);
    const bool interrupted = !workers && workers.error().kind == ErrorKind::cancelled;
    if (interrupted) {
      end.why = dispatch::Stop::Why::interrupted;
    } else {
      const auto made = need(std::move(workers));
      end = run(suite, *made, loop, reporter, conditions);
    }
  }
  if (known) remember(*known, suite_key, rows, reporter);
  events::RunEnded ended = reporter.summary();
  if (suite.hunt() != nullptr) ended.suite.hunted = hunted(suite, executions, options.arguments);
  if (suite.hunt() != nullptr) kept = Kept{};  // it goes on with nothing, the earlier run only chose what to hunt for
  add_kept(ended, kept);
  conclude(ended, suite, end, kept, options.again.flaky_fails);
  for (const std::string& workload : reporter.idle()) executions.not_run(workload);
  for (const Kept::One& one : kept.results) executions.known_before(one.workload, one.result);
  const auto missing = write_reports(options.reports, title_of(options), executions, started);
  const int code = tell_end(std::move(ended), missing, options, reporter, executions, json.get());
  if (const std::string lost = recording.close(); !lost.empty()) complain(lost);
  for (const std::string& left : place->leave()) complain(left);
  run::prune_old_logs();
  return code;
}

}  // namespace

void complain(const std::string& message) { output::complain("nmzswarm", message); }

int swarm(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  try {
    std::optional<WorkloadList> list = given_list(options);
    return options.list_only ? print_list(*list) : run_suite(options, std::move(list));
  } catch (const StepFailed& failed) {
    complain(failed.error.message);
    return failed.error.kind == ErrorKind::cancelled ? exit_interrupted : exit_usage;
  }
}

}  // namespace nmz::nmzswarm
