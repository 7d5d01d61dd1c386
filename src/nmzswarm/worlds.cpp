#include "worlds.hpp"

#include <system_error>
#include <utility>

#include "nmz/sandbox/surroundings.hpp"
#include "nmz/sandbox/trial.hpp"

namespace nmz::nmzswarm {
namespace fs = std::filesystem;
namespace {

tl::unexpected<Error> cannot(const std::string& why) {
  return fail(ErrorKind::misconfigured, "--isolate cannot be had here: " + why);
}

/// All of the directory shines through.
std::vector<std::string> entries_of(const fs::path& directory) {
  std::vector<std::string> entries;
  std::error_code error;
  for (fs::directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    const bool below = fs::is_directory(at->symlink_status(ignored));
    entries.push_back(at->path().filename().string() + (below ? "/" : ""));
  }
  return entries;
}

fs::path worker_place(const fs::path& run_directory, std::uint32_t number) {
  return run_directory / ("w" + std::to_string(number));
}

/// With an empty tree in it.
Result<sandbox::Plan> plan_for(const sandbox::Surroundings& surroundings, const fs::path& place) {
  const fs::path tree = place / "tree";
  std::error_code error;
  fs::create_directories(tree, error);
  if (error) return fail(ErrorKind::rejected, "cannot make '" + tree.string() + "': " + error.message());
  return surroundings.plan(place);
}

}  // namespace

Result<Worlds> make_worlds(Isolate isolate, const fs::path& agent, const fs::path& run_directory,
                           std::uint32_t workers) {
  sandbox::Request request;
  std::error_code error;
  request.checkout = fs::current_path(error);
  if (error) return cannot("the current directory cannot be found: " + error.message());
  request.run_directory = run_directory;
  request.stand_in = run_directory / "repository";
  request.untracked = entries_of(request.checkout);
  request.own_network = isolate == Isolate::network;
  auto surroundings = sandbox::Surroundings::look(std::move(request));
  if (!surroundings) return cannot(surroundings.error().message);
  Worlds worlds;
  for (std::uint32_t number = 0; number < workers; ++number) {
    const fs::path place = worker_place(run_directory, number);
    auto plan = plan_for(*surroundings, place);
    if (!plan) return cannot(plan.error().message);
    worlds.trees.push_back(place / "tree");
    if (number == 0) {
      if (const auto why = sandbox::try_world(agent, *surroundings, *plan, worlds.trees.back())) return cannot(*why);
    }
    worlds.plans.push_back(sandbox::encode(*plan));
  }
  worlds.no_way_out = surroundings->no_way_out();
  worlds.another = [surroundings = std::move(*surroundings), run_directory](job::WorkerId worker) {
    const fs::path place = worker_place(run_directory, static_cast<std::uint32_t>(worker));
    return plan_for(surroundings, place).map([&place](const sandbox::Plan& plan) {
      orchestrator::LocalPlace made;
      made.tree = place / "tree";
      made.world = sandbox::encode(plan);
      return made;
    });
  };
  return worlds;
}

}  // namespace nmz::nmzswarm
