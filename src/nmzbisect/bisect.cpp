#include "bisect.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "nmz/cluster/cluster.hpp"
#include "nmz/coordinator/conduct.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/interruption/interruption.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/orchestrator/local.hpp"
#include "nmz/orchestrator/run_directory.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/recording.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/json_lines.hpp"
#include "nmz/view/text.hpp"

#include "answer.hpp"
#include "evidence.hpp"
#include "prepared_search.hpp"
#include "reporter.hpp"
#include "workforce.hpp"

namespace nmz::nmzbisect {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr const char* program = "nmzbisect";

/// What is lacking of what was asked for is told; `status` is the exit status without that.
int told_completely(view::JsonLines* json, int status) {
  Result<void> written = json == nullptr ? Result<void>{} : json->close();
  if (written) written = output::complete_standard_output();
  if (written) return status;
  output::complain(program, written.error().message);
  return status == exit_found ? exit_stopped : status;
}

int dry_run(Search& search) {
  const events::SearchPlanned planned = plan_of(search);
  std::unique_ptr<view::JsonLines> json;
  if (!search.options.json.empty()) {
    json = need(view::JsonLines::open(search.options.json, events::Kind::search));
    json->show(planned, events::Seconds{0});
  }
  const std::string text = output::without_commands(plan_text(planned));
  if (search.options.debug_log == output::standard_output) {
    output::write(stderr, text);
  } else if (search.options.json != output::standard_output) {
    output::print(text);
  }
  return told_completely(json.get(), exit_found);
}

void write_bisect_log(Search& search, Reporter& reporter, logs::LogStore& logs) {
  std::optional<git::BisectLogEntry> culprit;
  if (const auto& result = search.plan.result(); result.kind == search::BisectResult::Kind::found) {
    const Named named = search.name(result.suspects.front().node);
    culprit.emplace();
    culprit->word = git::BisectLogEntry::Word::bad;
    culprit->id = named.id;
    culprit->subject = named.subject;
  }
  const Result<void> written =
      logs.write("bisect.log", git::bisect_log(log_head(search), reporter.verdicts(), culprit));
  if (!written) reporter.show(events::Notice{written.error().message});
}

events::RunEnded summary(Search& search, const Answer& answer, const Reporter& reporter, const logs::LogStore& logs) {
  events::RunEnded ended;
  ended.result = answer.result;
  ended.message = answer.message;
  ended.search.suspects = answer.suspects;
  ended.search.tests = reporter.counts().all();
  ended.search.good = reporter.counts().good;
  ended.search.bad = reporter.counts().bad;
  ended.search.skip = reporter.counts().skip;
  ended.workers = search.workers;
  ended.wall = reporter.elapsed();
  ended.log_directory = logs.directory().string();
  ended.exit_code = answer.exit_status;
  if (answer.exit_status == exit_found) {
    search::SearchOptions serial;
    serial.trust_ends = true;
    ended.search.serial_tests =
        search::serial_tests(search.range.graph, search.plan.result().suspects.front().node, serial);
  }
  return ended;
}

/// git's description of the commit that was found.
std::string closing(const Search& search, const Answer& answer) {
  if (answer.exit_status != exit_found) return {};
  const auto culprit = search.subjects.at(search.plan.result().suspects.front().node);
  return search.repository.closing(culprit).value_or("");
}

/// Standard output gets the answer, and git's description; unless the events are there, which have it, too. Returns the
/// exit status.
int print_answer(const Search& search, const Answer& answer, const std::string& closing, view::JsonLines* json) {
  if (search.options.json == output::standard_output || search.options.debug_log == output::standard_output) {
    const std::string text = answer.output + closing;
    output::write(stderr, output::without_commands(text::printable_lines(text, text::Colours::removed)));
  } else {
    output::print(answer.output);
    output::print(output::without_commands(closing));
  }
  if (!answer.message.empty()) output::complain(program, answer.message);
  const bool printed = output::complete_standard_output().has_value();
  const int status = told_completely(json, answer.exit_status);
  // The search was long and its answer is short: it is told here as well.
  if (!printed && !answer.output.empty()) output::complain(program, "the answer is: " + answer.output);
  return status;
}

events::RunStarted beginning(const Search& search, const cluster::Cluster* containers, const logs::LogStore& logs) {
  events::RunStarted started;
  started.title = repository_name(search.repository);
  started.where =
      containers == nullptr ? "processes on this machine" : "containers of " + search.options.containers.image;
  started.unix_time = std::chrono::system_clock::now().time_since_epoch();
  started.workers = search.workers;
  started.candidates = search.range.graph.candidates();
  started.rounds = search.plan.rounds_left();
  started.log_directory = logs.directory().string();
  return started;
}

int search_and_answer(Search& search, asio::io_context& io, cluster::Cluster* containers) {
  const Options& options = search.options;
  const wire::Run command = worker_command(search, containers);
  const fs::path agent = need(installation::find_agent());
  coordinator::Signals signals{io};
  std::optional<orchestrator::RunDirectory> directory;
  if (containers == nullptr) directory.emplace(make_place(options, search.repository));
  logs::LogStore log_store = need(logs::LogStore::open(options.log_directory, repository_name(search.repository)));
  view::Text text{stderr, events::Kind::search, view::TextStyle::for_stream(stderr, options.verbosity)};
  std::unique_ptr<view::JsonLines> json;
  if (!options.json.empty()) json = need(view::JsonLines::open(options.json, events::Kind::search));

  Reporter reporter{search.plan, search.names(), log_store, {options.term_old, options.term_new}};
  reporter.add(text);
  if (json) reporter.add(*json);
  run::Recording recording{log_store.directory(), events::Kind::search, program, options.json};
  reporter.add(recording);
  reporter.show(beginning(search, containers, log_store));
  tell_swept(directory, containers, reporter);
  Place place{io, signals, agent, directory ? directory->path() : fs::path{}, {}, {}, containers};
  if (directory) furnish(search, place, reporter);
  const coordinator::RunEnd end = carry_out(search, command, place, reporter);
  tell_changes(search, place, reporter);
  Answer result = answer(search.plan.result(), end, options, search.names());
  const Evidence evidence =
      result.decided_by ? evidence_in(reporter.log_of(*result.decided_by), options.log_lines) : Evidence{};
  if (!result.message.empty() && !evidence.cause.empty()) result.message += "; its log says: " + evidence.cause;
  write_bisect_log(search, reporter, log_store);
  const std::string description = closing(search, result);
  events::RunEnded ended = summary(search, result, reporter, log_store);
  ended.search.deciding_log = evidence.path;
  ended.search.log_end = evidence.lines;
  ended.search.answer = result.output + description;
  reporter.show(ended);
  if (const std::string trouble = recording.close(); !trouble.empty()) output::complain(program, trouble);
  const int code = print_answer(search, result, description, json.get());
  if (directory) {
    for (const std::string& left : directory->remove_beside()) text.show(events::Notice{left}, reporter.elapsed());
  }
  run::prune_old_logs();
  return code;
}

git::RangeRequest range_request(const Options& options) {
  git::RangeRequest request;
  request.goods = options.goods;
  request.bad = options.bad;
  request.pathspecs = options.pathspecs;
  request.first_parent = options.first_parent;
  return request;
}

}  // namespace

int bisect(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  try {
    auto repository = need(git::Repository::open(options.directory));
    auto range = need(git::read_range(repository, range_request(options)));
    auto objects = need(git::ObjectReader::open(repository));
    asio::io_context io{1};
    std::unique_ptr<cluster::Cluster> containers;
    if (!options.containers.image.empty()) {
      interruption::take_signals();  // heard while an image is pulled, and while one is pushed
      containers = need(cluster::Cluster::open(io, options.containers));
    }
    Search search{options, std::move(repository), std::move(objects), std::move(range),
                  containers ? containers->cpus() : orchestrator::local_cpus()};
    return options.dry_run ? dry_run(search) : search_and_answer(search, io, containers.get());
  } catch (const StepFailed& failed) {
    output::complain(program, failed.error.message);
    return failed.error.kind == ErrorKind::cancelled ? exit_interrupted : exit_usage;
  }
}

}  // namespace nmz::nmzbisect
