// A run survives what happens to clusters: every workload has one result, and nothing is left.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_run.hpp"
#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/line.hpp"

namespace nmz::cluster_tests {
namespace {

using conformance::everything;
using conformance::wait_until;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr const char* ours = "label=net.osrg.namazu-swarm.run";

std::vector<std::string> services() { return docker({"service", "ls", "--quiet"}); }
std::vector<std::string> configs() { return docker({"config", "ls", "--quiet"}); }
std::vector<std::string> relay() { return docker({"ps", "--quiet", "--filter", ours, "--filter", "name=relay"}); }
std::vector<std::string> workers_at(int number) {
  return docker_at(number, {"ps", "--quiet", "--filter", ours, "--filter", "name=\\.[0-9]+\\."});
}
std::vector<std::string> containers_at(int number) { return docker_at(number, {"ps", "--all", "--quiet"}); }

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto all_ready = [] { return ready_nodes() >= 3; };
    if (wait_until(all_ready, seconds{30})) return;
    // Docker 20.10 now and then does not find its way back to a manager that was restarted, until it is restarted too.
    for (const std::string& line : docker({"node", "ls", "--format", "{{.Hostname}} {{.Status}}"})) {
      if (!line.starts_with("node") || line.ends_with(" Ready")) continue;
      const std::string number = line.substr(4, line.find(' ') - 4);
      node({"stop", number});
      node({"start", number});
    }
    ASSERT_TRUE(wait_until(all_ready, seconds{60}));
  }

  void TearDown() override {
    EXPECT_TRUE(wait_until([] { return services().empty() && configs().empty(); }, seconds{5}));
    for (const int number : {1, 2, 3}) {
      EXPECT_TRUE(wait_until([&] { return containers_at(number).empty(); }, seconds{40})) << "on node " << number;
    }
    EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
  }

  static void expect_complete(ClusterRun& run) {
    const Ended ended = run.get();
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    EXPECT_THAT(run.results(), Each(Pair(testing::_, 1))) << everything(ended);
  }

  [[nodiscard]] Ended place_program(const std::vector<std::string>& argv) const {
    return support::run_program(place.program(place.path(), argv));
  }

  conformance::Workplace place;
};

TEST_F(ClusterTest, AllNodesWork) {
  ClusterRun run{place, "run", sleepers(12, "0.5"), {"--replicas", "6", "--verbose"}};
  const Ended ended = run.get();
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  for (const char* name : {"ready on node1", "ready on node2", "ready on node3"}) {
    EXPECT_THAT(ended.out, HasSubstr(name));
  }
  EXPECT_THAT(run.results(), Each(Pair(testing::_, 1)));
}

TEST_F(ClusterTest, ReplicasAutoAreTheClustersCpus) {
  const Ended ended = ClusterRun{place, "run", sleepers(30, "0.1"), {"--replicas", "auto"}}.get();
  const auto cpus = docker({"node", "inspect", "--format", "{{.Description.Resources.NanoCPUs}}", "self"});
  const std::string expected = std::to_string(3 * std::stoll(cpus.front()) / 1000000000);
  EXPECT_THAT(ended.out, HasSubstr(expected + " workers: containers of busybox"));
}

TEST_F(ClusterTest, AWorkerThatIsKilledIsReplaced) {
  ClusterRun run{place, "run", sleepers(24, "0.5"), {"--replicas", "6"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  const auto victims = workers_at(2);
  ASSERT_THAT(victims, testing::Not(IsEmpty()));
  docker_at(2, {"kill", victims.front()});
  expect_complete(run);
}

TEST_F(ClusterTest, ANodeThatIsKilledIsDoneWithout) {
  ClusterRun run{place, "run", sleepers(30, "1"), {"--replicas", "6"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  node({"kill", "2"});
  expect_complete(run);
  node({"start", "2"});
}

TEST_F(ClusterTest, ANodeThatIsCutOffIsDoneWithoutAndItsWorkersEnd) {
  ClusterRun run{place, "run", sleepers(30, "1"), {"--replicas", "6"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  node({"partition", "3"});
  expect_complete(run);
  // Nobody can tell them to: they notice that the relay is gone.
  EXPECT_TRUE(wait_until([] { return workers_at(3).empty(); }, seconds{40}));
  node({"heal", "3"});
}

TEST_F(ClusterTest, ANodeThatIsCutOffForAMomentCountsNothingTwice) {
  ClusterRun run{place, "run", sleepers(40, "1"), {"--replicas", "6"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  node({"partition", "3"});
  ASSERT_TRUE(run.wait_for_passed(20));
  node({"heal", "3"});
  expect_complete(run);
}

TEST_F(ClusterTest, TheRelayMayBeKilled) {
  ClusterRun run{place, "run", sleepers(24, "0.5"), {"--replicas", "4"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  ASSERT_THAT(relay(), SizeIs(1));
  docker({"kill", relay().front()});
  expect_complete(run);
  EXPECT_THAT(run.notices(), Contains(HasSubstr("the relay was lost")));
}

TEST_F(ClusterTest, TheManagersEngineMayBeStoppedAndStarted) {
  ClusterRun run{place, "run", sleepers(24, "1"), {"--replicas", "4"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  node({"stop", "1"});
  node({"start", "1"});
  expect_complete(run);
}

/// In the middle of what is made one after the other, with an answer under way; on a busy machine, just behind that.
/// (cluster_faults_test lets each call fail in turn.)
TEST_F(ClusterTest, TheManagersEngineMayDieWhileTheRunIsSetUp) {
  ClusterRun run{place, "run", sleepers(6, "0.5"), {"--replicas", "3"}};
  ASSERT_TRUE(wait_until([] { return !configs().empty(); }));
  node({"crash", "1"});
  node({"start", "1"});
  expect_complete(run);
  EXPECT_THAT(run.notices(), Contains(testing::AnyOf(HasSubstr("it is given some time to come back"),
                                                     HasSubstr("the relay was lost: "))));
}

TEST_F(ClusterTest, TheRelayMayBeRemoved) {
  ClusterRun run{place, "run", sleepers(24, "0.5"), {"--replicas", "4"}};
  ASSERT_TRUE(run.wait_for_passed(3));
  docker({"rm", "--force", relay().at(0)});
  expect_complete(run);
}

TEST_F(ClusterTest, ANodeThatJoinsLateAndHasNoImageIsDoneWithout) {
  ClusterRun run{place, "run", sleepers(24, "1"), {"--replicas", "8"}};
  const std::string number = node({"add", "--without-image"});
  ASSERT_TRUE(wait_until([] { return ready_nodes() >= 4; }, seconds{30}));
  expect_complete(run);

  ClusterRun with_it{place, "with-it", sleepers(24, "0.5"), {"--replicas", "8"}};
  expect_complete(with_it);

  // Where no other node may do the work, the reason is told.
  ClusterRun only_there{place, "only-there", sleepers(2, "1"), {"--constraint", "node.hostname==node" + number}};
  const Ended ended = only_there.get();
  EXPECT_EQ(ended.exit_code, 3) << everything(ended);
  EXPECT_THAT(ended.err, HasSubstr("no worker is left: a worker cannot start on node" + number + ": No such image"));
  node({"stop", number});
  ASSERT_TRUE(wait_until([] { return ready_nodes() == 3; }, seconds{30}));
  docker({"node", "rm", "--force", "node" + number});
}

TEST_F(ClusterTest, ANodeThatComesBackTakesPart) {
  node({"stop", "2"});
  ASSERT_TRUE(wait_until([] { return ready_nodes() == 2; }, seconds{30}));
  ClusterRun run{place, "run", sleepers(12, "1"), {"--replicas", "2", "--constraint", "node.hostname==node2"}};
  node({"start", "2"});
  expect_complete(run);
}

TEST_F(ClusterTest, WorkersComeAndGoWhileItRuns) {
  const std::string shared = place.path() / "shared";
  std::filesystem::create_directory(shared);
  std::vector<std::string> scripts;
  for (int i = 1; i <= 9; ++i) {
    const std::string own = "/shared/" + std::to_string(i);
    scripts.push_back("until test -e " + own + " || test -e /shared/all; do sleep 0.1; done");
  }
  const std::string mount = "type=bind,source=" + shared + ",target=/shared";
  ClusterRun run{place, "run", scripts, {"--replicas", "1", "--mount", mount}};
  const auto signal_all = [&](int signal) {
    for (const pid_t program : place.processes()) ::kill(program, signal);
  };
  const auto come_to = [](std::size_t count) {
    return wait_until([&] { return workers_at(1).size() + workers_at(2).size() + workers_at(3).size() == count; });
  };
  ASSERT_TRUE(come_to(1));
  signal_all(SIGUSR1);
  ASSERT_TRUE(come_to(2));  // signals that wait for each other are one
  signal_all(SIGUSR1);
  ASSERT_TRUE(come_to(3));
  signal_all(SIGUSR2);
  for (const char* ends : {"1", "2", "3"}) support::write_file(std::filesystem::path{shared} / ends, "");
  ASSERT_TRUE(come_to(2));
  // The Swarm starts the one that has ended as well: of the two that come one is sent home.
  signal_all(SIGUSR1);
  ASSERT_TRUE(come_to(3));
  support::write_file(std::filesystem::path{shared} / "all", "");
  expect_complete(run);
  EXPECT_THAT(services(), IsEmpty());
}

TEST_F(ClusterTest, CtrlCLeavesNothing) {
  ClusterRun run{place, "run", sleepers(6, "100"), {"--replicas", "6"}};
  ASSERT_TRUE(wait_until([] { return !workers_at(1).empty() && !workers_at(2).empty() && !workers_at(3).empty(); }));
  for (const pid_t program : place.processes()) ::kill(program, SIGINT);
  EXPECT_EQ(run.get().exit_code, 130);
  EXPECT_THAT(services(), IsEmpty());
  EXPECT_THAT(configs(), IsEmpty());
  EXPECT_THAT(docker({"secret", "ls", "--quiet"}), IsEmpty());
  EXPECT_THAT(relay(), IsEmpty());
}

TEST_F(ClusterTest, AfterKillTheWorkersEndByThemselvesAndGcRemovesTheRest) {
  ClusterRun run{place, "run", sleepers(6, "100"), {"--replicas", "6"}};
  ASSERT_TRUE(wait_until([] { return !workers_at(1).empty() && !workers_at(2).empty() && !workers_at(3).empty(); }));
  for (const pid_t program : place.processes()) ::kill(program, SIGKILL);
  EXPECT_EQ(run.get().signal, SIGKILL);
  for (const int number : {1, 2, 3}) {
    EXPECT_TRUE(wait_until([&] { return workers_at(number).empty(); }, seconds{30})) << "on node " << number;
  }
  EXPECT_THAT(services(), SizeIs(1));
  EXPECT_THAT(docker({"secret", "ls", "--quiet"}), SizeIs(1));
  EXPECT_THAT(place_program({NMZ_NMZSWARM, "gc"}).out, HasSubstr("removed "));
  EXPECT_THAT(services(), IsEmpty());
  EXPECT_THAT(configs(), IsEmpty());
  EXPECT_THAT(docker({"secret", "ls", "--quiet"}), IsEmpty());
}

TEST_F(ClusterTest, TwoRunsWithTheSameStackNameDoNotMeet) {
  const std::vector<std::string> options{"--replicas", "3", "--docker-stack", "same"};
  ClusterRun one{place, "one", sleepers(12, "0.5"), options};
  ClusterRun two{place, "two", sleepers(12, "0.5"), options};
  expect_complete(one);
  expect_complete(two);
}

TEST_F(ClusterTest, NmzbisectSendsItsTreesToAllNodes) {
  const conformance::LineRepository repository{24, {}, "a repository"};
  const Ended ended = place.bisect(repository.path(),
                                   conformance::arguments({"--image", "busybox", "--replicas", "4", repository.range()},
                                                          conformance::shell("sleep 0.3; test $(cat number) -lt 9")));
  EXPECT_THAT(ended, conformance::Finds(repository.ids()[9]));
}

TEST_F(ClusterTest, ConstraintsAndSecretsReachTheService) {
  support::write_file(place.path() / "secret", "hush");
  docker({"secret", "create", "lab-secret", (place.path() / "secret").string()});
  ClusterRun run{place,
                 "run",
                 {"test \"$(cat /run/secrets/lab-secret)\" = hush -a \"$NMZ_NODE\" = node2"},
                 {"--replicas", "2", "--constraint", "node.hostname==node2", "--secret", "lab-secret"}};
  expect_complete(run);
  docker({"secret", "rm", "lab-secret"});
}

}  // namespace
}  // namespace nmz::cluster_tests
