#include "worlds.hpp"

#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "nmz/sandbox/surroundings.hpp"
#include "nmz/sandbox/trial.hpp"

#include "commit_work.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

Worlds none(std::string why) {
  Worlds worlds;
  worlds.lacking = std::move(why);
  return worlds;
}

/// What somebody can look at who wants one.
std::string with_remedy(std::string why) {
  const auto says = [&](const char* part) { return why.find(part) != std::string::npos; };
  if (says("namespaces")) {
    return why + " (user.max_user_namespaces, AppArmor's rule on user namespaces, or a container's rights)";
  }
  return says("overlay") ? why + " (--work-dir DIR can name another file system)" : why;
}

/// In a user namespace there is nobody whom another's file could belong to, and so no copy of it that can be written
/// to.
std::vector<std::string> foreign_entries(const fs::path& checkout, const std::vector<std::string>& untracked) {
  std::vector<std::string> foreign;
  for (const std::string& path : untracked) {
    struct stat status {};
    if (::geteuid() != 0 && ::lstat((checkout / path).c_str(), &status) == 0 &&
        (status.st_uid != ::geteuid() || status.st_gid != ::getegid())) {
      foreign.push_back(path);
    }
  }
  return foreign;
}

}  // namespace

Worlds make_worlds(const Options& options, const git::Repository& repository, const Inputs& inputs,
                   const fs::path& agent, const fs::path& run_directory, std::uint32_t workers) {
  if (options.isolate == Isolate::none) return {};
  sandbox::Request request;
  request.run_directory = run_directory;
  request.checkout = repository.work_tree();
  request.git_directory = repository.common_dir();
  request.stand_in = stand_in(run_directory);
  request.untracked = inputs.untracked;
  request.see_untracked = !options.pristine;
  request.own_network = options.isolate == Isolate::network;
  auto surroundings = sandbox::Surroundings::look(std::move(request));
  if (!surroundings) return none(surroundings.error().message);
  Worlds worlds;
  worlds.foreign = foreign_entries(repository.work_tree(), inputs.untracked);
  if (!surroundings->mask().empty()) {
    worlds.watch = std::make_shared<sandbox::Watch>(repository.work_tree(), inputs.untracked, surroundings->mask());
  }
  for (std::uint32_t number = 0; number < workers; ++number) {
    const WorkerPlace place = worker_place(run_directory, number);
    std::error_code error;
    fs::create_directories(place.tree, error);
    auto plan = surroundings->plan(place.place);
    if (!plan) return none(plan.error().message);
    if (number == 0) {
      auto why = sandbox::try_world(agent, *surroundings, *plan, place.tree);
      if (why) return none(with_remedy(std::move(*why)));
    }
    worlds.plans.push_back(sandbox::encode(*plan));
  }
  worlds.no_way_out = surroundings->no_way_out();
  worlds.another = [surroundings = std::move(*surroundings), run_directory](std::uint32_t number) {
    return surroundings.plan(worker_place(run_directory, number).place).map(sandbox::encode);
  };
  return worlds;
}

}  // namespace nmz::nmzbisect
