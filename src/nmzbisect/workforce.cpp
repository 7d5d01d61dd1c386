#include "workforce.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/contract/v0.hpp"
#include "nmz/error/steps.hpp"

#include "command.hpp"
#include "commit_work.hpp"
#include "more_workers.hpp"
#include "shared_files.hpp"
#include "trees.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

std::string worker_script(const site::Site& site) {
  Result<std::string> script = site.label(contract::v0::worker_script_label);
  if (!script) {
    throw StepFailed{
        {ErrorKind::misconfigured, "the command is missing, and " + script.error().message + " to run instead"}};
  }
  return *script;
}

/// Of a checkout: the same from search to search.
std::string directory_name(const git::Repository& repository) {
  std::string name = repository_name(repository);
  std::ranges::replace_if(
      name, [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
  constexpr std::size_t longest = 40;
  return fmt::format("{}-{:08x}", name.substr(0, longest),
                     std::hash<std::string>{}(repository.top().string()) & 0xFFFFFFFFU);
}

std::vector<git::CommitId> tips_of(const git::Range& range) {
  std::vector<git::CommitId> tips{range.bad};
  tips.insert(tips.end(), range.goods.begin(), range.goods.end());
  return tips;
}

/// With trees that are made here, or by the agents.
std::unique_ptr<CommitWork> make_work(Search& search, const std::vector<git::CommitId>& commits, wire::Run command,
                                      const Workshop& shop) {
  const Options& options = search.options;
  if (!shop.site.sees_our_files()) {
    auto remote = CommitWork::remote(search.objects, commits, std::move(command), options.clean, !options.no_checkout,
                                     search.workers);
    remote->take_today(shop.inputs.today);
    if (options.git) remote->take_git(need(git::SentGitDir::create(tips_of(search.range), commits)));
    return remote;
  }
  auto work = need(CommitWork::create(search.repository, search.objects, commits, std::move(command), options.clean,
                                      shop.site.directory(), search.workers, options.hooks,
                                      options.hooks && search.objects.has_hook("post-checkout")));
  work->take_today(shop.inputs.today);
  work->take_watch(shop.worlds.watch);
  if (keeps_trees(options)) work->keep_trees(rules_of_trees(search.objects));
  return work;
}

/// For a worker that the user adds while tests go on.
Result<orchestrator::LocalPlace> another_place(CommitWork& work, const Worlds& worlds, job::WorkerId worker) {
  orchestrator::LocalPlace place;
  auto tree = work.add_tree();
  if (!tree) return tl::unexpected<Error>{tree.error()};
  place.tree = std::move(*tree);
  if (!worlds.possible()) return place;
  auto world = worlds.another(static_cast<std::uint32_t>(worker));
  if (!world) return tl::unexpected<Error>{world.error()};
  place.world = std::move(*world);
  return place;
}

/// Where the user has not said how many tests run at once, and nothing stands against more.
void allow_more_workers(const Search& search, const Workshop& shop, const dispatch::Plan& plan,
                        const std::function<void(const std::string&)>& notice, coordinator::Options& options) {
  if (search.options.workers != 0 || !shop.site.sees_our_files() || search.workers < shop.site.cpus()) return;
  options.more_workers = [&plan, notice, room = room_of_machine(search.workers)](const wire::Finished& finished,
                                                                                 std::chrono::nanoseconds in_hand) {
    const std::int32_t more = plan.one_at_a_time() ? 0 : room(finished, in_hand);
    if (more > 0) notice("tests mostly wait: more of them run at once (--jobs sets how many)");
    return more;
  };
}

/// Carries a plan out, whatever its subjects are.
coordinator::RunEnd run_plan(const Search& search, CommitWork& work, Workshop& shop, dispatch::Plan& plan,
                             Narrator narrator) {
  work.take_patches(shop.patches);
  site::WorkersRequest request;
  request.agent = shop.agent;
  request.tree = !search.options.no_checkout;
  request.trees = work.trees();
  request.worlds = shop.worlds.plans;
  request.another = [&work, &worlds = shop.worlds](job::WorkerId worker) {
    return another_place(work, worlds, worker);
  };
  request.count = search.workers;
  request.notice = narrator.notice;
  run::Undertaking undertaking{plan, work, narrator.observer};
  undertaking.items = "tests";
  undertaking.display = shop.display;
  undertaking.notice = narrator.notice;
  coordinator::Options options;
  options.dispatch.gather = std::chrono::milliseconds{50};
  options.workers = search.workers;
  allow_more_workers(search, shop, plan, narrator.notice, options);
  options.stop_limit = search.options.kill_grace + std::chrono::seconds{3};
  coordinator::RunEnd end = run::conduct(shop.loop, shop.site.workers(request), undertaking, options);
  shop.in_trees = work.in_trees();
  return end;
}

/// By hand, at a screen. Where each commit is tested many times it is not one run that would have to be skipped.
void let_skip(const Search& search, Workshop& shop) {
  if (shop.display == nullptr) return;
  shop.display->can_skip([&search](const std::string& commit) -> std::optional<dispatch::Subject> {
    const auto found = std::ranges::find(search.subjects, commit, [](const git::CommitId& id) { return id.hex(); });
    if (found == search.subjects.end() || search.plan.noisy() != nullptr) return std::nullopt;
    return static_cast<dispatch::Subject>(found - search.subjects.begin());
  });
}

coordinator::RunEnd run(Search& search, wire::Run command, Workshop& shop, Reporter& reporter, Recall& recall) {
  const std::unique_ptr<CommitWork> work = make_work(search, search.subjects, std::move(command), shop);
  if (const auto inherited = shop.site.inherited(); inherited && shop.site.sees_our_files()) {
    work->inherit_trees(inherited->words);
  }
  work->take_trials([&plan = search.plan](dispatch::Subject subject) {
    return CommitWork::Trial{plan.commit_of(subject), plan.number_of(subject)};
  });
  let_skip(search, shop);
  coordinator::RunEnd end =
      run_plan(search, *work, shop, *recall.plan,
               {reporter, [&reporter](const std::string& text) { reporter.show(events::Notice{text}); }});
  if (shop.display != nullptr) shop.display->can_skip({});
  return end;
}

/// A hook that `git checkout` would have run may prepare what the test needs.
void tell_hooks(const Search& search, const Notify& notice) {
  if (!search.options.hooks && search.objects.has_hook("post-checkout")) {
    notice("the repository's post-checkout hook does not run before the tests (--hooks runs it)");
  }
}

/// Tests that share /tmp can disturb each other, and nobody notices: the answer is confirmed.
void doubt_without_worlds(Search& search, const Workshop& shop) {
  if (!shop.worlds.possible() && !search.options.confirm) search.plan.confirm(search::Confirm::beside);
}

/// Whether the tests ended as they do when what they need is missing where they run.
bool may_be_the_worlds_fault(const search::BisectResult& result, const Options& options) {
  using Kind = search::BisectResult::Kind;
  const Kind end_that_has_to_pass = options.find_fix ? Kind::bad_end_is_good : Kind::good_end_is_bad;
  return result.kind == end_that_has_to_pass || (options.single && result.kind == Kind::found) ||
         result.kind == Kind::no_good_end || result.kind == Kind::command_failed ||
         result.kind == Kind::nothing_testable || result.kind == Kind::build_fails || result.kind == Kind::aborted;
}

/// Tests that fail where they have to pass may all fail on what one that was ended early has left: a lock in the home.
void tell_what_is_left(const Search& search, const SharedFiles& shared, Reporter& reporter) {
  if (!may_be_the_worlds_fault(search.plan.result(), search.options)) return;
  const std::vector<std::string> left = shared.appeared();
  if (left.empty()) return;
  reporter.show(events::Notice{listed(left) +
                               " appeared while the search ran and is still there: if a test that was ended early has "
                               "left it, later ones may have failed on it"});
}

/// A world may hide what a test wants (sudo, another's /tmp), and must not decide.
coordinator::RunEnd carry_out_in_worlds(Search& search, const wire::Run& command, Workshop& shop, Reporter& reporter,
                                        Recall& recall) {
  const auto once = [&] { return run(search, command, shop, reporter, recall); };
  coordinator::RunEnd end = run_until_agreed(search, recall, reporter, once);
  const bool finished = end.why == dispatch::Stop::Why::finished;
  std::error_code error;
  if (shop.worlds.possible() && !fs::exists(search.repository.work_tree(), error)) {
    reporter.show(
        events::Notice{"the checkout '" + search.repository.work_tree().string() +
                       "' has gone while the search ran: without it tests would not see what they saw before"});
  }
  if (!shop.worlds.possible() || !finished || !may_be_the_worlds_fault(search.plan.result(), search.options)) {
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
  shop.worlds = {};
  recall.memory.take_back();
  recall.memory.work_plainly(true);
  begin_again(search, recall, reporter);
  end = run_until_agreed(search, recall, reporter, once);
  if (end.why == dispatch::Stop::Why::finished && !may_be_the_worlds_fault(search.plan.result(), search.options)) {
    reporter.show(events::Notice{"this test works only without a world of its own: the search was done without"});
  }
  return end;
}

}  // namespace

SharedFiles shared_files(const Search& search) {
  const Options& options = search.options;
  return SharedFiles{SharedFiles::places(),
                     {search.repository.work_tree(), search.repository.common_dir(), options.json, options.debug_log,
                      options.log_directory, options.work_directory}};
}

site::Choice site_choice(const Options& options, const git::Repository& repository) {
  site::Choice choice;
  choice.containers = options.containers;
  choice.work_directory = options.work_directory;
  choice.remedy = "choose another place with --work-dir";
  choice.directory_name = directory_name(repository);
  choice.owner = owner_of_trees(options, repository);
  choice.title = repository.top().string();
  return choice;
}

wire::Run worker_command(const Search& search, const site::Site& site) {
  const Options& options = search.options;
  wire::Run run;
  run.argv = options.command;
  run.build = options.build;
  run.env = site.environment();
  run.env.insert(run.env.end(), options.environment.begin(), options.environment.end());
  if (!options.no_checkout && !options.from_top) run.directory = search.repository.prefix();
  run.match = options.match;
  run.timeout = options.timeout;
  run.kill_grace = options.kill_grace;
  run.log_limit = options.log_limit;
  run.watch = site.sees_our_files();
  if (!options.runner.empty()) {
    run.argv.clear();  // each execution has its own
    run.match.clear();
  } else if (site.sees_our_files()) {
    run.program = need(resolve_command(options, search.repository, search.range)).program;
  } else if (run.argv.empty()) {
    run.argv = {"/bin/sh", "-c", worker_script(site)};
  }
  return run;
}

void take_patches(const Search& search, Workshop& shop, const Notify& notice) {
  const std::vector<git::PatchRequest>& patches = search.options.patches;
  if (patches.empty()) return;
  shop.patches = need(git::Patches::create(search.repository, patches, shop.site.directory()));
  std::string names;
  for (const git::PatchRequest& one : patches) {
    names += (names.empty() ? "" : ", ") + one.file + (one.range.empty() ? "" : " (" + one.range + ")");
  }
  notice("commits are tested with " + names + "; those it does not apply to are skipped");
}

void furnish(const Search& search, Workshop& shop, const Notify& notice) {
  if (search.options.no_checkout) return;
  for (const std::string& note : shop.inputs.notes) notice(note);
  if (!shop.site.sees_our_files()) return;
  tell_hooks(search, notice);
  shop.worlds =
      make_worlds(search.options, search.repository, shop.inputs, shop.agent, shop.site.directory(), search.workers);
  if (!shop.worlds.foreign.empty()) {
    notice(listed(shop.worlds.foreign) +
           " in the checkout belong to another user or group: tests can read them, not change "
           "them (--isolate none)");
  }
  if (!shop.worlds.no_way_out.empty()) {
    notice("tests have a network of their own and reach nothing outside: " + shop.worlds.no_way_out);
  }
  if (!shop.worlds.lacking.empty()) {
    notice(
        "tests share /tmp and processes with each other and do not see untracked files, nor "
        "their commit at the checkout's path: " +
        shop.worlds.lacking);
  }
}

void recall_worlds(Search& search, const Workshop& shop, Reporter& reporter, Recall& recall) {
  if (search.options.no_checkout || !shop.site.sees_our_files()) return;
  recall.memory.work_plainly(!shop.worlds.possible());
  if (!shop.worlds.possible() && recall.memory.knows_something()) begin_again(search, recall, reporter);
}

void tell_changes(const Search& search, const Workshop& shop, const Notify& notice) {
  if (!shop.worlds.watch) return;
  std::vector<std::string> changed = shop.worlds.watch->changes();
  for (const std::string& ours : {search.options.json, search.options.debug_log, search.options.log_directory}) {
    std::error_code error;
    const fs::path path = fs::absolute(ours, error).lexically_relative(search.repository.work_tree());
    std::erase_if(changed,
                  [&](const std::string& name) { return !ours.empty() && *fs::path{name}.begin() == *path.begin(); });
  }
  if (changed.empty()) return;
  notice(listed(changed) +
         " changed in the checkout while the search ran; tests that began before "
         "may have seen it");
}

coordinator::RunEnd carry_out(Search& search, const wire::Run& command, Workshop& shop, Reporter& reporter,
                              Recall& recall) {
  if (!shop.site.sees_our_files()) {
    return run_until_agreed(search, recall, reporter, [&] { return run(search, command, shop, reporter, recall); });
  }
  const SharedFiles shared = shared_files(search);
  recall.new_plan = [&] {
    doubt_without_worlds(search, shop);
    search.plan.doubt_if([&shared] { return shared.have_changed(); });
  };
  recall.new_plan();
  coordinator::RunEnd end = carry_out_in_worlds(search, command, shop, reporter, recall);
  recall.new_plan = {};
  search.plan.doubt_if({});
  tell_what_is_left(search, shared, reporter);
  return end;
}

coordinator::RunEnd carry_out_again(Search& search, const Repetition& repetition, const wire::Run& command,
                                    Workshop& shop, dispatch::Plan& plan, const Narrator& narrator) {
  const std::unique_ptr<CommitWork> work = make_work(search, repetition.commits, command, shop);
  if (repetition.fresh_trees) {
    work->use_fresh_trees();
  } else if (const auto inherited = shop.site.inherited(); inherited && shop.site.sees_our_files()) {
    work->inherit_trees(inherited->words);
  }
  work->take_commands(repetition.commands);
  work->take_trials(repetition.trials);
  for (const auto& [commit, files] : repetition.files) work->take_files(commit, files);
  return run_plan(search, *work, shop, plan, narrator);
}

}  // namespace nmz::nmzbisect
