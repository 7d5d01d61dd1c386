// What somebody removes while a run needs it: the run ends soon, with a line that names what is gone, and leaves
// nothing. Another relay stands in for one that was removed, if it gets the same address.
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_run.hpp"
#include "program/nmzbisect/answers.hpp"

namespace nmz::cluster_tests {
namespace {

using conformance::everything;
using conformance::wait_until;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* ours = "label=net.osrg.namazu-swarm.run";

class RemovedTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(run_.wait_for_passed(2)); }
  void TearDown() override {
    EXPECT_THAT(docker({"service", "ls", "--quiet"}), testing::IsEmpty());
    EXPECT_THAT(docker({"config", "ls", "--quiet"}), testing::IsEmpty());
    EXPECT_TRUE(wait_until([] { return docker({"ps", "--all", "--quiet", "--filter", ours}).empty(); }, seconds{15}));
  }

  void expect_soon(const Ended& ended, const std::string& line) const {
    EXPECT_LT(std::chrono::steady_clock::now() - removed_, seconds{5}) << everything(ended);
    EXPECT_EQ(ended.exit_code, 3) << everything(ended);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("no worker is left: the "), HasSubstr(line)));
  }

  conformance::Workplace place_;
  ClusterRun run_{place_, "run", sleepers(24, "0.5"), {"--replicas", "2"}};
  std::chrono::steady_clock::time_point removed_ = std::chrono::steady_clock::now();
};

TEST_F(RemovedTest, TheRelay) {
  const auto relay = docker({"ps", "--quiet", "--filter", ours, "--filter", "name=relay"});
  docker({"rm", "--force", relay.at(0)});
  removed_ = std::chrono::steady_clock::now();
  const Ended ended = run_.get();
  // The network has given the new one the same address, or not.
  if (ended.exit_code != 0) expect_soon(ended, "-relay') was removed by somebody");
}

/// No new one can be made: its name is somebody else's.
TEST_F(RemovedTest, TheRelayForGood) {
  const std::string relay = docker({"ps", "--quiet", "--filter", ours, "--filter", "name=relay"}).at(0);
  const std::string name = docker({"inspect", "--format", "{{slice .Name 1}}", relay}).at(0);
  docker({"rename", relay, "renamed"});
  docker({"create", "--name", name, "busybox", "true"});
  docker({"rm", "--force", relay});
  removed_ = std::chrono::steady_clock::now();
  expect_soon(run_.get(), "-relay') was removed by somebody, and a new one cannot stand in for it: ");
  docker({"rm", name});  // it is not the run's, which has left it
}

/// The Engine refuses it while a service has it. Before there is a service it can be removed, by who comes in time:
/// mostly so here, and there is nothing that would hold the run up for it.
TEST_F(RemovedTest, TheConfig) {
  const std::string in_use = docker({"config", "ls", "--quiet"}).at(0);
  const std::string over = place_.note("over");
  const std::vector<std::string> remove{
      "sh",
      "-c",
      "docker config rm $1 && exit 1; until test -e $2; do for c in $(docker config ls --quiet); do "
      "test $c = $1 || docker config rm $c; done; done; exit 0",
      "sh",
      in_use,
      over};
  std::future<Ended> removing = std::async(std::launch::async, support::run_program, support::Program{remove});
  ClusterRun other{place_, "other", sleepers(2, "0.1"), {"--replicas", "2"}};
  const Ended ended = other.get();
  support::write_file(over, "");
  EXPECT_EQ(removing.get().exit_code, 0) << "it was refused";
  if (ended.exit_code != 0) {
    EXPECT_EQ(ended.exit_code, 3) << everything(ended);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("no worker is left: "), HasSubstr("config")));
  }
  EXPECT_EQ(run_.get().exit_code, 0);
}

/// What ended by a signal the Swarm puts another one in the place of, until the test has had its attempts.
TEST_F(RemovedTest, TheWorkersByATest) {
  std::vector<std::string> scripts = sleepers(8, "0.2");
  scripts.insert(scripts.begin(), "kill 1; sleep 60");
  ClusterRun other{place_, "other", scripts, {"--replicas", "2"}};
  const Ended ended = other.get();
  EXPECT_EQ(other.passed(), 8U) << everything(ended);
  EXPECT_EQ(ended.exit_code, 3) << everything(ended);
  EXPECT_EQ(run_.get().exit_code, 0);
}

TEST_F(RemovedTest, TheService) {
  docker({"service", "rm", docker({"service", "ls", "--quiet"}).at(0)});
  removed_ = std::chrono::steady_clock::now();
  expect_soon(run_.get(), "' was removed by somebody");
}

}  // namespace
}  // namespace nmz::cluster_tests
