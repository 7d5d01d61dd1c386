#include "cluster_run.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::cluster_tests {
namespace json = boost::json;
namespace {

Ended run(std::vector<std::string> argv, std::vector<std::string> env = {}) {
  support::Program program{std::move(argv)};
  program.env = std::move(env);
  const Ended ended = support::run_program(program);
  if (ended.exit_code == 0) return ended;
  // Ends the test: without its Engine every further look would fail as well, and take its time for it.
  throw std::runtime_error{program.argv.at(0) + " " + program.argv.at(1) + ": " + ended.out + ended.err};
}

}  // namespace

std::vector<std::string> docker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "docker");
  return conformance::split_lines(run(std::move(arguments)).out);
}

void remove_image(const std::string& name) {
  const auto unused = [&name] { return docker({"ps", "--all", "--quiet", "--filter", "ancestor=" + name}).empty(); };
  EXPECT_TRUE(conformance::wait_until(unused, std::chrono::seconds{20})) << name << " is in use";
  docker({"rmi", name});
}

std::vector<std::string> docker_at(int number, std::vector<std::string> arguments) {
  const char* const lab = std::getenv("NMZ_LAB_DIRECTORY");
  const std::string host =
      "unix://" + std::string{lab == nullptr ? "" : lab} + "/node" + std::to_string(number) + "/docker.sock";
  arguments.insert(arguments.begin(), {"docker", "--host", host});
  return conformance::split_lines(run(std::move(arguments)).out);
}

std::string node(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {NMZ_LAB, "node"});
  std::string out = run(std::move(arguments)).out;
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

std::size_t ready_nodes() {
  std::size_t ready = 0;
  for (const std::string& status : docker({"node", "ls", "--format", "{{.Status}}"})) ready += status == "Ready";
  return ready;
}

std::vector<std::string> sleepers(std::size_t count, const std::string& seconds) {
  std::vector<std::string> scripts;
  for (std::size_t i = 0; i < count; ++i) scripts.push_back("sleep " + seconds + "; echo " + std::to_string(i));
  return scripts;
}

ClusterRun::ClusterRun(const conformance::Workplace& place, const std::string& name, std::vector<std::string> scripts,
                       std::vector<std::string> options)
    : events_{place.path() / (name + ".events")}, scripts_{std::move(scripts)} {
  std::string list;
  for (const std::string& script : scripts_) list += script + "\n";
  support::write_file(place.path() / (name + ".list"), list);
  std::vector<std::string> argv{NMZ_NMZSWARM,  "--source",
                                "busybox",     "--no-history",
                                "--log-dir",   (place.path() / (name + ".logs")).string(),
                                "--json",      events_.string(),
                                "--workloads", (place.path() / (name + ".list")).string()};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {"--", "sh"});
  support::Program program = place.program(place.path(), std::move(argv));
  program.timeout = std::chrono::minutes{3};
  ended_ = std::async(std::launch::async, [program] { return support::run_program(program); });
}

std::vector<std::string> ClusterRun::values(const std::string& event, const std::string& member,
                                            const std::string& result) const {
  std::vector<std::string> found;
  std::ifstream file{events_};
  std::string line;
  while (std::getline(file, line)) {
    boost::system::error_code error;
    const json::value value = json::parse(line, error);
    if (error) break;  // a line that is being written
    const json::object& object = value.as_object();
    if (object.at("event").as_string() != event) continue;
    if (!result.empty() && object.at("result").as_string() != result) continue;
    found.emplace_back(object.at(member).as_string());
  }
  return found;
}

std::vector<std::string> ClusterRun::done_with(const std::string& result) const {
  return values("workload-done", "name", result);
}

bool ClusterRun::wait_for_passed(std::size_t count) const {
  return conformance::wait_until([&] { return passed() >= count; }, std::chrono::seconds{60});
}

std::map<std::string, int> ClusterRun::results() const {
  std::map<std::string, int> counts;
  for (const std::string& script : scripts_) counts[script] = 0;
  for (const std::string& name : done_with("passed")) ++counts[name];
  return counts;
}

std::vector<std::string> ClusterRun::notices() const { return values("notice", "text"); }

}  // namespace nmz::cluster_tests
