#include "lab_user.hpp"

#include <cstdlib>

#include "support/temp_directory.hpp"

namespace nmz::cluster_tests {
namespace {

using conformance::wait_until;
using std::chrono::seconds;
using testing::IsEmpty;

/// 0 for a lab of one Engine.
int node_count() {
  const char* const count = std::getenv("NMZ_LAB_NODES");
  return count == nullptr ? 0 : std::stoi(count);
}

std::vector<std::string> everywhere(const std::vector<std::string>& arguments) {
  if (node_count() == 0) return docker(arguments);
  std::vector<std::string> lines;
  for (int number = 1; number <= node_count(); ++number) {
    const auto more = docker_at(number, arguments);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

}  // namespace

void UserTest::TearDown() {
  EXPECT_TRUE(wait_until([] { return everywhere({"ps", "--all", "--quiet"}).empty(); }, seconds{20}));
  EXPECT_THAT(everywhere({"images", "--quiet", "--filter", "label=net.osrg.namazu-swarm.run"}), IsEmpty());
  if (node_count() > 0) {
    EXPECT_THAT(docker({"service", "ls", "--quiet"}), IsEmpty());
    EXPECT_THAT(docker({"config", "ls", "--quiet"}), IsEmpty());
    EXPECT_THAT(docker({"secret", "ls", "--quiet"}), IsEmpty());
  }
  EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
}

support::Program UserTest::program(std::vector<std::string> argv, std::vector<std::string> env) const {
  support::Program result = place.program(place.path(), std::move(argv));
  // The lab's, so that its docker command heeds nobody's configuration: here it is HOME's.
  result.unset.emplace_back("DOCKER_CONFIG");
  result.env.insert(result.env.end(), env.begin(), env.end());
  return result;
}

support::Program UserTest::swarm_program(std::vector<std::string> arguments, std::vector<std::string> env) const {
  arguments.insert(arguments.begin(), {NMZ_NMZSWARM, "--no-history", "--log-dir", place.log_dir().string()});
  return program(std::move(arguments), std::move(env));
}

Ended UserTest::swarm(std::vector<std::string> arguments, std::vector<std::string> env) const {
  return support::run_program(swarm_program(std::move(arguments), std::move(env)));
}

std::vector<std::string> UserTest::two(std::vector<std::string> options, const std::string& script) const {
  const auto list = place.path() / "two.list";
  // Not again: a run beside this one may be reading it.
  if (!std::filesystem::exists(list)) support::write_file(list, "one\ntwo\n");
  options.insert(options.end(), {"--workloads", list.string(), "--", "sh", "-c", script});
  return options;
}

void UserTest::build(const std::string& name, const std::string& dockerfile) const {
  const auto context = place.path() / "context";
  support::write_file(context / "Dockerfile", dockerfile);
  docker({"build", "--quiet", "--tag", name, context.string()});
}

}  // namespace nmz::cluster_tests
