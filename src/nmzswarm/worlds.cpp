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

Result<orchestrator::LocalPlace> place_of(const sandbox::Surroundings& surroundings, const fs::path& run_directory,
                                          std::uint32_t number) {
  const fs::path own = run_directory / ("w" + std::to_string(number));
  orchestrator::LocalPlace place;
  place.tree = own / "tree";
  std::error_code error;
  fs::create_directories(place.tree, error);
  if (error) return fail(ErrorKind::rejected, "cannot make '" + place.tree.string() + "': " + error.message());
  return surroundings.plan(own).map([&place](const sandbox::Plan& plan) {
    place.world = sandbox::encode(plan);
    return place;
  });
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
    auto place = place_of(*surroundings, run_directory, number);
    if (!place) return cannot(place.error().message);
    if (number == 0) {
      const auto plan = sandbox::decode(place->world);
      if (const auto why = plan ? sandbox::try_world(agent, *plan, place->tree) : std::nullopt) return cannot(*why);
    }
    worlds.trees.push_back(place->tree);
    worlds.plans.push_back(std::move(place->world));
  }
  worlds.another = [surroundings = std::move(*surroundings), run_directory](job::WorkerId worker) {
    return place_of(surroundings, run_directory, static_cast<std::uint32_t>(worker));
  };
  return worlds;
}

}  // namespace nmz::nmzswarm
