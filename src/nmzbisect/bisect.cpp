#include "bisect.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/contract/v0.hpp"
#include "nmz/coordinator/conduct.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/interruption/interruption.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/orchestrator/local.hpp"
#include "nmz/orchestrator/run_directory.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/recording.hpp"
#include "nmz/search/confirmed_plan.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/json_lines.hpp"
#include "nmz/view/text.hpp"

#include "answer.hpp"
#include "command.hpp"
#include "commit_work.hpp"
#include "evidence.hpp"
#include "home_files.hpp"
#include "inputs.hpp"
#include "reporter.hpp"
#include "worlds.hpp"

namespace nmz::nmzbisect {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr const char* program = "nmzbisect";

std::vector<search::Check> checks_of(const git::Range& range) {
  std::vector<search::Check> checks;
  for (const git::OutsideCheck& outside : range.outside) {
    search::Check check;
    check.kind = outside.merge_base ? search::Check::Kind::merge_base : search::Check::Kind::sibling_good;
    checks.push_back(check);
  }
  return checks;
}

/// The commits of all subjects: the graph's nodes, then the checks.
std::vector<git::CommitId> subjects_of(const git::Range& range) {
  std::vector<git::CommitId> subjects = range.ids;
  for (const git::OutsideCheck& outside : range.outside) subjects.push_back(outside.id);
  return subjects;
}

search::BisectOptions plan_options(const Options& options, std::uint32_t workers) {
  search::BisectOptions plan;
  plan.search.trust_ends = options.trust_ends;
  plan.strategy = options.strategy;
  plan.workers = workers;
  plan.timeout_means = options.on_timeout;
  plan.matching = !options.match.empty();
  plan.keep_going = options.keep_going;
  plan.find_fix = options.find_fix;
  return plan;
}

/// Containers have networks and directories of their own, unless the network is the machine's.
search::Confirm confirmation(const Options& options) {
  if (options.confirm) return *options.confirm ? search::Confirm::always : search::Confirm::never;
  const bool apart = !options.containers.image.empty() && options.containers.network != "host";
  return apart ? search::Confirm::never : search::Confirm::unwatched;
}

/// More workers than there are commits to test have nothing to do.
std::uint32_t worker_count(const Options& options, const git::Range& range, std::uint32_t cpus_there) {
  const std::size_t subjects = range.graph.size() + range.outside.size();
  const std::uint32_t wanted = options.workers == 0 ? cpus_there : options.workers;
  return static_cast<std::uint32_t>(std::min<std::size_t>(wanted, std::max<std::size_t>(subjects, 1)));
}

wire::Run command_of(const Options& options, const ResolvedCommand& resolved, const git::Repository& repository) {
  wire::Run run;
  run.argv = options.command;
  run.program = resolved.program;
  run.build = options.build;
  run.env = options.environment;
  // What git sets for its own children (git rev-parse --local-env-vars) would lead the command to the user's checkout.
  run.unset = {"GIT_ALTERNATE_OBJECT_DIRECTORIES",
               "GIT_CONFIG",
               "GIT_CONFIG_PARAMETERS",
               "GIT_CONFIG_COUNT",
               "GIT_OBJECT_DIRECTORY",
               "GIT_DIR",
               "GIT_WORK_TREE",
               "GIT_GRAFT_FILE",
               "GIT_IMPLICIT_WORK_TREE",
               "GIT_INDEX_FILE",
               "GIT_NO_REPLACE_OBJECTS",
               "GIT_PREFIX",
               "GIT_REPLACE_REF_BASE",
               "GIT_SHALLOW_FILE",
               "GIT_COMMON_DIR"};
  run.directory = repository.prefix();
  run.match = options.match;
  run.timeout = options.timeout;
  run.kill_grace = options.kill_grace;
  run.log_limit = options.log_limit;
  run.watch = options.containers.image.empty();
  return run;
}

std::string repository_name(const git::Repository& repository) {
  const fs::path place = repository.work_tree().empty() ? repository.common_dir() : repository.work_tree();
  const std::string name = place.filename().string();
  return name.empty() ? "repository" : name;
}

/// A search that is ready to run: everything that does not change any more.
struct Search {
  Search(const Options& options_in, git::Repository repository_in, git::ObjectReader objects_in, git::Range range_in,
         std::uint32_t cpus_there)
      : options{options_in},
        repository{std::move(repository_in)},
        objects{std::move(objects_in)},
        range{std::move(range_in)},
        subjects{subjects_of(range)},
        workers{worker_count(options, range, cpus_there)},
        plan{range.graph, checks_of(range), plan_options(options, workers), confirmation(options)} {}

  /// As if nothing had been tested. In its place: others hold on to it, and a plan is never moved.
  void begin_again() {
    std::destroy_at(&plan);
    std::construct_at(&plan, range.graph, checks_of(range), plan_options(options, workers), confirmation(options));
  }

  [[nodiscard]] Named name(dispatch::Subject subject) const {
    const git::CommitId id = subjects.at(subject);
    const bool outside = subject >= range.graph.size();
    return {id, message_line(id), outside && range.outside[subject - range.graph.size()].merge_base};
  }
  /// A message that cannot be read is no reason to stop.
  [[nodiscard]] std::string message_line(const git::CommitId& id) const {
    return objects.message_line(id).value_or("");
  }
  [[nodiscard]] std::function<Named(dispatch::Subject)> names() const {
    return [this](dispatch::Subject subject) { return name(subject); };
  }

  const Options& options;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  git::Repository repository;
  git::ObjectReader objects;
  git::Range range;
  std::vector<git::CommitId> subjects;
  std::uint32_t workers;
  search::ConfirmedPlan plan;
};

events::SearchPlanned plan_of(Search& search) {
  events::SearchPlanned planned;
  planned.candidates = search.range.graph.candidates();
  planned.workers = search.workers;
  planned.rounds = search.plan.rounds_left();
  const std::vector<dispatch::Subject> probes = search.plan.next(search.workers);
  for (auto subject = static_cast<dispatch::Subject>(search.subjects.size()); subject-- > 0;) {
    const bool probed = std::ranges::find(probes, subject) != probes.end();
    const bool candidate =
        subject < search.range.graph.size() && search.range.graph.role(subject) == search::Role::candidate;
    if (!candidate && !probed) continue;
    const Named named = search.name(subject);
    planned.commits.push_back({named.id.hex(), named.subject, probed});
  }
  return planned;
}

std::string plan_text(const events::SearchPlanned& planned) {
  std::string text = fmt::format("{} candidates, {} workers, about {:.0f} rounds of tests; first probes are marked *\n",
                                 planned.candidates, planned.workers, planned.rounds);
  for (const events::PlannedCommit& one : planned.commits) {
    text += fmt::format("{} {} {}\n", one.probe ? "*" : " ", one.commit, text::printable(one.subject));
  }
  return text;
}

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

/// Of a checkout: the same from search to search.
std::string place_name(const git::Repository& repository) {
  std::string name = repository_name(repository);
  std::ranges::replace_if(
      name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  const std::string top = repository.work_tree().empty() ? repository.common_dir() : repository.work_tree();
  constexpr std::size_t longest = 40;
  return fmt::format("{}-{:08x}", name.substr(0, longest), std::hash<std::string>{}(top)&0xFFFFFFFFU);
}

orchestrator::RunDirectory make_place(const Options& options, const git::Repository& repository) {
  const fs::path base =
      options.work_directory.empty() ? need(installation::cache_directory()) : fs::path{options.work_directory};
  return need(orchestrator::RunDirectory::create(base, "choose another place with --work-dir", place_name(repository)));
}

/// Where a run's workers are: below a directory of this machine, or in containers.
struct Place {
  asio::io_context& io;           // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  coordinator::Signals& signals;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  fs::path agent;
  fs::path directory;                      ///< the run directory, when local
  Inputs inputs;                           ///< when local
  Worlds worlds;                           ///< likewise
  cluster::Cluster* containers = nullptr;  ///< null when local
};

/// Workers and what they are given.
struct Workforce {
  Workforce() = default;
  std::unique_ptr<orchestrator::Orchestrator> workers;
  std::unique_ptr<CommitWork> work;
};

Workforce local_workforce(Search& search, wire::Run command, const Place& place) {
  Workforce force;
  force.work = need(CommitWork::create(search.repository, search.objects, search.subjects, std::move(command),
                                       search.options.clean, place.directory, search.workers, search.options.hooks,
                                       search.options.hooks && search.objects.has_hook("post-checkout")));
  force.work->take_today(place.inputs.today);
  force.work->take_watch(place.worlds.watch);
  orchestrator::LocalOptions options;
  options.agent = place.agent;
  options.worlds = place.worlds.plans;
  options.trees = force.work->trees();
  options.run_mark = place.directory.string();
  force.workers = std::make_unique<orchestrator::Local>(place.io.get_executor(), options);
  return force;
}

Workforce container_workforce(Search& search, wire::Run command, const Place& place, Reporter& reporter) {
  cluster::WorkersRequest request;
  request.agent = place.agent;
  request.tree = !search.options.no_checkout;
  request.count = search.workers;
  request.notice = [&reporter](const std::string& text) { reporter.show(events::Notice{text}); };
  Workforce force;
  force.work = CommitWork::remote(search.objects, search.subjects, std::move(command), search.options.clean,
                                  request.tree, search.workers);
  force.workers = need(place.containers->workers(request));
  return force;
}

coordinator::RunEnd run(Search& search, wire::Run command, const Place& place, Reporter& reporter) {
  const Workforce force = place.containers == nullptr
                              ? local_workforce(search, std::move(command), place)
                              : container_workforce(search, std::move(command), place, reporter);
  const coordinator::Parts parts{search.plan, *force.workers, *force.work, reporter};
  coordinator::Options options;
  options.dispatch.gather = std::chrono::milliseconds{50};
  options.workers = search.workers;
  options.stop_limit = search.options.kill_grace + std::chrono::seconds{3};
  const auto interrupted = [&reporter] {
    reporter.show(events::Notice{"interrupted: ending the running tests (once more to kill them)"});
  };
  coordinator::RunEnd end = coordinator::conduct(place.io, place.signals, parts, options, interrupted);
  if (!end.left_behind.empty()) reporter.show(events::Notice{"cannot remove the containers: " + end.left_behind});
  return end;
}

git::BisectLogHead log_head(Search& search) {
  git::BisectLogHead head;
  head.bad = search.range.bad;
  head.bad_subject = search.message_line(head.bad);
  head.goods = search.range.goods;
  for (const git::CommitId& good : head.goods) {
    head.good_subjects.push_back(search.message_line(good));
  }
  head.pathspecs = search.options.pathspecs;
  head.first_parent = search.options.first_parent;
  head.term_old = search.options.term_old;
  head.term_new = search.options.term_new;
  return head;
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

std::string worker_script(const cluster::Cluster& containers) {
  Result<std::string> script = containers.label(contract::v0::worker_script_label);
  if (!script) {
    throw StepFailed{
        {ErrorKind::misconfigured, "the command is missing, and " + script.error().message + " to run instead"}};
  }
  return *script;
}

/// The command as the workers get it; one that is run in containers is looked up there.
wire::Run worker_command(const Search& search, const cluster::Cluster* containers) {
  if (containers == nullptr) {
    const ResolvedCommand resolved = need(resolve_command(search.options, search.repository, search.range));
    return command_of(search.options, resolved, search.repository);
  }
  wire::Run run = command_of(search.options, {}, search.repository);
  if (run.argv.empty()) run.argv = {"/bin/sh", "-c", worker_script(*containers)};
  if (search.options.no_checkout) run.directory.clear();
  return run;
}

/// A hook that `git checkout` would have run may prepare what the test needs.
void tell_hooks(const Search& search, Reporter& reporter) {
  if (!search.options.hooks && search.objects.has_hook("post-checkout")) {
    reporter.show(
        events::Notice{"the repository's post-checkout hook does not run before the tests (--hooks runs it)"});
  }
}

void tell_swept(const std::optional<orchestrator::RunDirectory>& directory, const cluster::Cluster* containers,
                Reporter& reporter) {
  if (directory && directory->swept().directories > 0) {
    reporter.show(events::Notice{fmt::format("removed what {} killed run(s) left behind ({} process(es))",
                                             directory->swept().directories, directory->swept().processes)});
  }
  if (directory) {
    for (const std::string& left : directory->swept().left) reporter.show(events::Notice{left});
  }
  if (containers != nullptr && containers->swept() > 0) {
    reporter.show(events::Notice{fmt::format("removed {} container(s) of killed runs", containers->swept())});
  }
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

/// Tests that share /tmp can disturb each other, and nobody notices: the answer is confirmed.
void doubt_without_worlds(Search& search, const Place& place) {
  if (!place.worlds.possible() && !search.options.confirm && search.workers > 1) {
    search.plan.confirm(search::Confirm::always);
  }
}

/// What local workers are given beside the commits, and where they live.
void furnish(Search& search, Place& place, Reporter& reporter) {
  place.inputs = need(read_inputs(search.options, search.repository, search.range));
  for (const std::string& note : place.inputs.notes) reporter.show(events::Notice{note});
  place.worlds =
      make_worlds(search.options, search.repository, place.inputs, place.agent, place.directory, search.workers);
  if (!place.worlds.foreign.empty()) {
    reporter.show(events::Notice{listed(place.worlds.foreign) +
                                 " in the checkout belong to another user or group: tests can read them, not change "
                                 "them (--isolate none)"});
  }
  if (!place.worlds.lacking.empty()) {
    reporter.show(
        events::Notice{"tests share /tmp and processes with each other and do not see untracked files, nor "
                       "their commit at the checkout's path: " +
                       place.worlds.lacking});
  }
  doubt_without_worlds(search, place);
}

/// What was untracked when the search began, and was not the same for all tests.
void tell_changes(const Search& search, const Place& place, Reporter& reporter) {
  if (!place.worlds.watch) return;
  std::vector<std::string> changed = place.worlds.watch->changes();
  for (const std::string& ours : {search.options.json, search.options.debug_log, search.options.log_directory}) {
    std::error_code error;
    const fs::path path = fs::absolute(ours, error).lexically_relative(search.repository.work_tree());
    std::erase_if(changed,
                  [&](const std::string& name) { return !ours.empty() && *fs::path{name}.begin() == *path.begin(); });
  }
  if (changed.empty()) return;
  reporter.show(events::Notice{listed(changed) +
                               " changed in the checkout while the search ran; tests that began before "
                               "may have seen it"});
}

/// Whether the tests ended as they do when what they need is missing where they run.
bool may_be_the_worlds_fault(const search::BisectResult& result, const Options& options) {
  using Kind = search::BisectResult::Kind;
  const Kind end_that_has_to_pass = options.find_fix ? Kind::bad_end_is_good : Kind::good_end_is_bad;
  return result.kind == end_that_has_to_pass || result.kind == Kind::command_failed ||
         result.kind == Kind::nothing_testable || result.kind == Kind::aborted;
}

/// Tests share /tmp and all else: what one did to another may go unnoticed, whatever is known of ports.
void confirm_without_worlds(Search& search) {
  if (!search.options.confirm && search.workers > 1) search.plan.confirm(search::Confirm::always);
}

/// What tests share although they live in worlds.
void doubt_with_home_files(Search& search) {
  const Options& options = search.options;
  const HomeFiles home{{search.repository.work_tree(), search.repository.common_dir(), options.json, options.debug_log,
                        options.log_directory, options.work_directory}};
  search.plan.doubt_if([home] { return home.have_changed(); });
}

/// A world may hide what a test wants (sudo, another's /tmp), and must not decide.
coordinator::RunEnd run_with_or_without_worlds(Search& search, const wire::Run& command, Place& place,
                                               Reporter& reporter) {
  if (place.containers == nullptr && !place.worlds.possible()) confirm_without_worlds(search);
  if (place.containers == nullptr) doubt_with_home_files(search);
  coordinator::RunEnd end = run(search, command, place, reporter);
  const bool finished = end.why == dispatch::Stop::Why::finished;
  if (!place.worlds.possible() || !finished || !may_be_the_worlds_fault(search.plan.result(), search.options)) {
    return end;
  }
  if (speaks_of_the_checkout(search.options, search.repository)) {
    reporter.show(
        events::Notice{"not tried without a world of its own, where the command would change the checkout that it "
                       "names by its path (--isolate none does)"});
    return end;
  }
  reporter.show(
      events::Notice{"the test may lack something in a world of its own; once more without (--isolate none)"});
  place.worlds = {};
  search.begin_again();
  confirm_without_worlds(search);
  reporter.begin_again();
  doubt_without_worlds(search, place);
  end = run(search, command, place, reporter);
  if (end.why == dispatch::Stop::Why::finished && !may_be_the_worlds_fault(search.plan.result(), search.options)) {
    reporter.show(events::Notice{"this test works only without a world of its own: the search was done without"});
  }
  return end;
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
  if (containers == nullptr) tell_hooks(search, reporter);
  Place place{io, signals, agent, directory ? directory->path() : fs::path{}, {}, {}, containers};
  if (directory) furnish(search, place, reporter);
  const coordinator::RunEnd end = run_with_or_without_worlds(search, command, place, reporter);
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
