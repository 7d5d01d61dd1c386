// What somebody removes while a run needs it: the run ends soon, with a line that names what is gone, and leaves
// nothing. Another relay stands in for one that was removed, if it gets the same address.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_run.hpp"
#include "conformance/answers.hpp"

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

TEST_F(RemovedTest, TheService) {
  docker({"service", "rm", docker({"service", "ls", "--quiet"}).at(0)});
  removed_ = std::chrono::steady_clock::now();
  expect_soon(run_.get(), "' was removed by somebody");
}

}  // namespace
}  // namespace nmz::cluster_tests
