// The images that Namazu Swarm v0 published as examples, with its command line, on whatever Engine the lab has: a plain
// one or the manager of a Swarm.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/workplace.hpp"

namespace nmz::cluster_tests {
namespace {

using conformance::everything;
using conformance::split_lines;
using conformance::wait_until;
using support::Ended;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::chrono::system_clock::duration since_epoch() { return std::chrono::system_clock::now().time_since_epoch(); }

class DummyTest : public testing::Test {
 protected:
  std::vector<std::string> docker(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "docker");
    const Ended ended = support::run_program(place.program(place.path(), std::move(arguments)));
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    return split_lines(ended.out);
  }
  [[nodiscard]] bool has_swarm() const {
    return docker({"info", "--format", "{{.Swarm.LocalNodeState}}"}).front() == "active";
  }

  /// Builds the example and runs it.
  [[nodiscard]] Ended run(const std::string& name) const {
    docker({"build", "--tag", name, std::string{NMZ_EXAMPLES} + "/" + name});
    return support::run_program(place.program(
        place.path(), {NMZ_NMZSWARM, "-source", name, "-replicas", "10", "--log-dir", "logs", "--json", "events"}));
  }

  [[nodiscard]] std::string log_of(const std::string& workload) const {
    for (const auto& entry : std::filesystem::directory_iterator{place.path() / "logs"}) {
      if (entry.path().filename().string().ends_with(workload + ".log")) return support::read_file(entry.path());
    }
    return "no log";
  }

  void TearDown() override {
    if (has_swarm()) {
      EXPECT_THAT(docker({"service", "ls", "--quiet"}), IsEmpty());
      EXPECT_THAT(docker({"config", "ls", "--quiet"}), IsEmpty());
    }
    EXPECT_TRUE(wait_until([this] { return docker({"ps", "--all", "--quiet"}).empty(); })) << "containers are left";
    EXPECT_TRUE(wait_until([this] { return place.processes().empty(); }, std::chrono::seconds{5}));
  }

  conformance::Workplace place;
};

TEST_F(DummyTest, AllPass) {
  const Ended ended = run("dummy");
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_THAT(ended.err, IsEmpty());
  const auto lines = split_lines(ended.out);
  EXPECT_THAT(lines, Contains("10 workers: containers of dummy"));
  for (const char* workload : {"sleep 1", "echo hello", "sleep 2", "echo hello2", "sleep 3", "df", "sleep 4",
                               "uname -a", "sleep 5", "echo hello3"}) {
    EXPECT_THAT(lines, Contains(StartsWith("passed    " + std::string{workload} + " ("))) << everything(ended);
  }
  EXPECT_THAT(lines, Contains(StartsWith("10 of 10 passed in ")));
  EXPECT_EQ(log_of("echo_hello2"), "+ echo hello2\nhello2\n");
  // Where there is a Swarm its service is what does the work.
  const std::string events = support::read_file(place.path() / "events");
  EXPECT_EQ(events.find("service created") != std::string::npos, has_swarm()) << events;
}

TEST_F(DummyTest, AFailureIsTold) {
  const Ended ended = run("dummy-fail");
  EXPECT_EQ(ended.exit_code, 1) << everything(ended);
  const auto lines = split_lines(ended.out);
  EXPECT_THAT(lines, Contains(StartsWith("passed    true (")));
  EXPECT_THAT(lines, Contains(testing::AllOf(StartsWith("failed    false ("), HasSubstr("exit 1"))));
  EXPECT_THAT(lines, Contains(StartsWith("1 of 2 passed, 1 failed in ")));
  EXPECT_THAT(lines, Contains(StartsWith("---- false (exit 1)")));
  EXPECT_THAT(lines, Contains("+ false"));
}

/// Each waits for all the others: it is no use that most workers come.
TEST_F(DummyTest, AsManyWorkersAsAskedFor) {
  std::filesystem::create_directory(place.path() / "meeting");
  std::ofstream list{place.path() / "list"};
  for (char name = 'a'; name < 'a' + 12; ++name) list << name << '\n';
  list.close();
  const Ended ended = support::run_program(place.program(
      place.path(),
      {NMZ_NMZSWARM, "-source", "busybox", "-replicas", "12", "--workloads", "list", "--timeout", "120s", "--mount",
       "type=bind,source=" + (place.path() / "meeting").string() + ",target=/meeting", "--", "sh", "-c",
       "touch /meeting/$NMZ_WORKLOAD; until [ $(ls /meeting | wc -l) = 12 ]; do sleep 0.1; done"}));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_THAT(split_lines(ended.out), Contains(StartsWith("12 of 12 passed in ")));
}

/// Workers that nothing is left for, once they have started, are told so: at the end nobody has to be killed for it.
TEST_F(DummyTest, WorkersThatAreNotNeededEndByThemselves) {
  const auto now = [] { return std::to_string(std::chrono::duration<double>{since_epoch()}.count()); };
  const std::string begin = now();
  std::ofstream{place.path() / "list"} << "sleep 4\ntrue 1\ntrue 2\ntrue 3\ntrue 4\ntrue 5\n";
  const Ended ended = support::run_program(place.program(
      place.path(), {NMZ_NMZSWARM, "-source", "busybox", "-replicas", "6", "--workloads", "list", "--", "sh"}));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);

  auto events = docker({"events", "--since", begin, "--until", now(), "--filter", "label=net.osrg.namazu-swarm.run",
                        "--format", "{{.Action}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.name}}"});
  const auto of_worker = testing::Not(HasSubstr("-relay"));
  // A busy Swarm starts tasks when the run is over already: those are taken away with its service.
  events.erase(std::ranges::find_if(events,
                                    [](const std::string& event) {
                                      return event.starts_with("kill") && event.find("-relay") != std::string::npos;
                                    }),
               events.end());
  EXPECT_THAT(events, Contains(testing::AllOf(StartsWith("die 0"), of_worker)));
  EXPECT_THAT(events, testing::Not(Contains(testing::AllOf(StartsWith("kill"), of_worker))));
  // None came a second time.
  EXPECT_THAT(events, Contains(testing::AllOf(StartsWith("start"), of_worker)).Times(testing::Le(6)));
}

}  // namespace
}  // namespace nmz::cluster_tests
