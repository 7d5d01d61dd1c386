#include "workforce.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/contract/v0.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/orchestrator/local.hpp"

#include "command.hpp"
#include "commit_work.hpp"
#include "home_files.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

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

std::string worker_script(const cluster::Cluster& containers) {
  Result<std::string> script = containers.label(contract::v0::worker_script_label);
  if (!script) {
    throw StepFailed{
        {ErrorKind::misconfigured, "the command is missing, and " + script.error().message + " to run instead"}};
  }
  return *script;
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

/// A hook that `git checkout` would have run may prepare what the test needs.
void tell_hooks(const Search& search, Reporter& reporter) {
  if (!search.options.hooks && search.objects.has_hook("post-checkout")) {
    reporter.show(
        events::Notice{"the repository's post-checkout hook does not run before the tests (--hooks runs it)"});
  }
}

/// Tests that share /tmp can disturb each other, and nobody notices: the answer is confirmed.
void doubt_without_worlds(Search& search, const Place& place) {
  if (!place.worlds.possible() && !search.options.confirm && search.workers > 1) {
    search.plan.confirm(search::Confirm::always);
  }
}

/// Whether the tests ended as they do when what they need is missing where they run.
bool may_be_the_worlds_fault(const search::BisectResult& result, const Options& options) {
  using Kind = search::BisectResult::Kind;
  const Kind end_that_has_to_pass = options.find_fix ? Kind::bad_end_is_good : Kind::good_end_is_bad;
  return result.kind == end_that_has_to_pass || result.kind == Kind::command_failed ||
         result.kind == Kind::nothing_testable || result.kind == Kind::build_fails || result.kind == Kind::aborted;
}

/// What tests share although they live in worlds.
void doubt_with_home_files(Search& search) {
  const Options& options = search.options;
  const HomeFiles home{{search.repository.work_tree(), search.repository.common_dir(), options.json, options.debug_log,
                        options.log_directory, options.work_directory}};
  search.plan.doubt_if([home] { return home.have_changed(); });
}

}  // namespace

orchestrator::RunDirectory make_place(const Options& options, const git::Repository& repository) {
  const fs::path base =
      options.work_directory.empty() ? need(installation::cache_directory()) : fs::path{options.work_directory};
  return need(orchestrator::RunDirectory::create(base, "choose another place with --work-dir", place_name(repository)));
}

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

void furnish(Search& search, Place& place, Reporter& reporter) {
  tell_hooks(search, reporter);
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
}

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

/// A world may hide what a test wants (sudo, another's /tmp), and must not decide.
coordinator::RunEnd carry_out(Search& search, const wire::Run& command, Place& place, Reporter& reporter) {
  if (place.containers == nullptr) {
    doubt_without_worlds(search, place);
    doubt_with_home_files(search);
  }
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
  reporter.begin_again();
  doubt_without_worlds(search, place);
  end = run(search, command, place, reporter);
  if (end.why == dispatch::Stop::Why::finished && !may_be_the_worlds_fault(search.plan.result(), search.options)) {
    reporter.show(events::Notice{"this test works only without a world of its own: the search was done without"});
  }
  return end;
}

}  // namespace nmz::nmzbisect
