#include "cluster_lab.hpp"

#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

namespace nmz::bench {
namespace fs = std::filesystem;
namespace {

constexpr const char* how_to_run = "run it as: scripts/swarm-lab with --swarm -- build/release/bin/cluster_bench";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody writes
  return value == nullptr ? "" : value;
}

}  // namespace

const Place& plain_containers() {
  static const Place place{"plain containers", "docker"};
  return place;
}

const Place& swarm() {
  static const Place place{"Swarm", "swarm"};
  return place;
}

std::string docker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "docker");
  return run(std::move(arguments)).out;
}

Lab::Lab() {
  if (variable("NMZ_LAB_IMAGE").empty() || !variable("DOCKER_HOST").starts_with("unix://")) {
    throw std::runtime_error(how_to_run);
  }
  if (docker({"info", "--format", "{{.Swarm.ControlAvailable}}"}) != "true\n") throw std::runtime_error(how_to_run);
  if (const std::string nodes = variable("NMZ_LAB_NODES"); !nodes.empty()) nodes_ = std::stoul(nodes);
}

fs::path Lab::fresh(const std::string& name) { return path() / (name + "-" + std::to_string(names_++)); }

fs::path Lab::engine() const { return variable("DOCKER_HOST").substr(std::string{"unix://"}.size()); }

void Lab::wait_until_quiet() const {
  const auto idle = [this] {
    if (!docker({"service", "ls", "--quiet"}).empty()) return false;
    for (std::size_t node = 1; node <= nodes_; ++node) {
      const std::string host =
          nodes_ == 1 ? variable("DOCKER_HOST") : variable(("NMZ_LAB_NODE_" + std::to_string(node)).c_str());
      if (!docker({"--host", host, "ps", "--all", "--quiet"}).empty()) return false;
    }
    return true;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!idle() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  // The last container is off the list a moment before its network and its layers are gone.
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
}

Measured Lab::program(support::Program program, const fs::path& events) {
  program.timeout = std::chrono::minutes{5};
  program.env.push_back("XDG_STATE_HOME=" + (path() / "state").string());
  program.env.push_back("XDG_CACHE_HOME=" + (path() / "cache").string());
  program.env.push_back("XDG_DATA_HOME=" + (path() / "data").string());
  wait_until_quiet();
  Measured measured;
  measured.start = std::chrono::system_clock::now();
  measured.ended = run(program);
  measured.wall = Seconds{measured.ended.duration}.count();
  measured.events = read_events(events);
  return measured;
}

Measured Lab::swarm(const Place& place, const std::vector<std::string>& arguments) {
  const fs::path events = fresh("events");
  std::vector<std::string> argv{NMZ_NMZSWARM, "-orchestrator", place.orchestrator, "-q", "--json", events.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return program(support::Program{std::move(argv)}, events);
}

Measured Lab::swarm(const Place& place, const std::vector<std::string>& list, const std::vector<std::string>& options) {
  const fs::path file = fresh("list");
  std::string text;
  for (const std::string& id : list) text += id + "\n";
  support::write_file(file, text);
  std::vector<std::string> arguments{"-source", "busybox", "--no-history", "--workloads", file.string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", "sh"});
  return swarm(place, arguments);
}

}  // namespace nmz::bench
