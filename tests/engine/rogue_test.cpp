// A Swarm's relay among enemies: sixty workloads that all fail, with a value of --env that nobody may learn who is no
// worker, and rogues (rogue.cpp) that call the relay the whole time, one beside the Swarm and one in each worker. They
// have everything that the tests in the workers can read, and what goes over the wire. Two workers are killed on the
// way, so that the Swarm replaces their tasks, whose token the rogues know by then.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_run.hpp"
#include "program/nmzbisect/answers.hpp"
#include "wire_tap.hpp"

namespace nmz::cluster_tests {
namespace {

using conformance::everything;
using conformance::split_lines;
using conformance::wait_until;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* ours = "label=net.osrg.namazu-swarm.run";
constexpr const char* value = "correct-horse-battery-staple";
constexpr std::uint16_t relay_port = 7766;

/// `docker ARGUMENTS` about something that may just have gone: its output.
std::string try_docker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "docker");
  return support::run_program(support::Program{std::move(arguments)}).out;
}

class RogueTest : public testing::Test {
 protected:
  RogueTest() {
    std::filesystem::create_directory(shared_);
    std::filesystem::copy_file(NMZ_ROGUE, shared_ / "rogue");
  }
  void TearDown() override {
    support::write_file(shared_ / "over", "");
    for (const char* const what : {"service", "config", "secret"}) {
      EXPECT_THAT(docker({what, "ls", "--quiet"}), IsEmpty()) << what;
    }
    EXPECT_TRUE(wait_until([] { return docker({"ps", "--all", "--quiet", "--filter", ours}).empty(); }, seconds{15}));
  }

  [[nodiscard]] std::vector<std::string> options() const {
    const std::string shared = "type=bind,source=" + shared_.string() + ",target=/shared";
    return {"--replicas", "5", "--env", std::string{"PASSWORD="} + value, "--mount", shared};
  }
  /// What a test in a worker does: gives away the worker's secret, shows that it has the value itself, is a rogue for a
  /// second, and fails.
  [[nodiscard]] static std::vector<std::string> failing(int count) {
    const std::string inside = "; /shared/rogue /shared 1 >/shared/inside.";
    std::vector<std::string> scripts;
    for (int i = 0; i < count; ++i) {
      scripts.push_back("cp /run/secrets/.nmz-token /shared/place.$(hostname).$$; echo \"$PASSWORD\" >/shared/known." +
                        std::to_string(i) + (i % 6 == 0 ? inside + std::to_string(i) : "") + "; exit 7");
    }
    return scripts;
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& beginning) const {
    std::vector<std::string> contents;
    for (const auto& entry : std::filesystem::directory_iterator{shared_}) {
      const std::string name = entry.path().filename();
      if (name.starts_with(beginning)) contents.push_back(support::read_file(entry.path()));
    }
    return contents;
  }
  void tell_the_rogue() {
    const std::string address = docker({"inspect", "--format", "{{.NetworkSettings.IPAddress}}", relay()}).at(0);
    support::write_file(shared_ / "relay.new", address + ":" + std::to_string(relay_port));
    std::filesystem::rename(shared_ / "relay.new", shared_ / "relay");
  }
  [[nodiscard]] static std::string relay() {
    const std::vector<std::string> found{"ps", "--quiet", "--filter", ours, "--filter", "name=-relay"};
    EXPECT_TRUE(wait_until([&] { return !docker(found).empty(); }, seconds{30}));
    return docker(found).at(0);
  }
  [[nodiscard]] static std::vector<std::string> workers() {
    return docker({"ps", "--quiet", "--filter", ours, "--filter", "name=\\.[0-9]+\\."});
  }
  /// Recorded openings, for the rogue.
  void hand_over_openings(const WireTap& tap) {
    int number = 0;
    for (const std::string& segment : tap.segments()) {
      if (segment.starts_with("NMZ-psk"))
        support::write_file(shared_ / ("opening." + std::to_string(number++)), segment);
    }
  }

  /// All that the Swarm and the Engine show of a run.
  [[nodiscard]] static std::string everything_shown() {
    std::string shown;
    for (const char* const what : {"service", "config", "secret"}) {
      for (const std::string& id : docker({what, "ls", "--quiet"})) shown += try_docker({what, "inspect", id});
    }
    for (const std::string& id : docker({"ps", "--quiet", "--filter", ours})) {
      shown += try_docker({"inspect", id});
      std::string pid = try_docker({"inspect", "--format", "{{.State.Pid}}", id});
      std::erase(pid, '\n');
      for (const char* const what : {"/environ", "/cmdline"}) {
        std::ifstream file{"/proc/" + pid + what};  // is not there if it has just ended
        shown.append(std::istreambuf_iterator<char>{file}, {});
      }
    }
    return shown;
  }
  [[nodiscard]] std::set<std::string> tokens() const {
    std::set<std::string> found;
    for (const std::string& place : files("place.")) {
      if (place.size() > 64) found.insert(place.substr(place.size() - 64));
    }
    return found;
  }

  conformance::Workplace place_;
  std::filesystem::path shared_ = place_.path() / "shared";
  std::future<Ended> outside_;  ///< the rogue beside the Swarm
};

TEST_F(RogueTest, NobodyPosesAsAWorkerAndNothingSecretIsShown) {
  const WireTap tap{relay_port};
  ClusterRun run{place_, "run", failing(60), options()};
  outside_ = std::async(std::launch::async, [this] {
    support::Program program{{NMZ_ROGUE, shared_.string(), "60"}};
    program.timeout = seconds{90};
    return support::run_program(program);
  });
  tell_the_rogue();
  ASSERT_TRUE(wait_until([this] { return tokens().size() >= 3; }, seconds{60}));
  const std::string shown = everything_shown();
  hand_over_openings(tap);
  std::vector<std::string> killed = workers();
  killed.resize(std::min<std::size_t>(killed.size(), 2));
  for (const std::string& worker : killed) try_docker({"kill", worker});
  const Ended ended = run.get();
  support::write_file(shared_ / "over", "");
  const Ended rogue = outside_.get();

  EXPECT_EQ(ended.exit_code, 1) << everything(ended);
  EXPECT_THAT(run.done_with("failed"), testing::SizeIs(60)) << everything(ended);
  EXPECT_THAT(run.done_with("passed"), IsEmpty());
  EXPECT_THAT(run.notices(), Contains(HasSubstr("a second connection for worker "))) << everything(ended);
  EXPECT_THAT(run.notices(), Contains(HasSubstr("without a worker's token was refused")));
  EXPECT_THAT(rogue.out, AllOf(StartsWith("calls "), HasSubstr(", let in 0,"))) << rogue.out;
  for (const std::string& inside : files("inside.")) {
    EXPECT_TRUE(inside.empty() || inside.find(", let in 0,") != std::string::npos) << inside;  // empty: was killed
  }
  EXPECT_THAT(files("known."), testing::Each(std::string{value} + "\n"));

  std::set<std::string> secrets = tokens();
  EXPECT_GE(secrets.size(), 3U);
  secrets.insert(value);
  EXPECT_THAT(shown, AllOf(HasSubstr("nmz-token"), HasSubstr("NMZ_NODE=")));
  for (const std::string& secret : secrets) {
    EXPECT_EQ(shown.find(secret), std::string::npos) << secret;
    for (const std::string& segment : tap.segments()) {
      if (segment.starts_with("NMZKNOCK")) continue;  // the rogue's own
      ASSERT_EQ(segment.find(secret), std::string::npos) << "went over the wire";
    }
  }
  EXPECT_THAT(tap.segments(), Contains(StartsWith("NMZ-psk"))) << "or nothing was heard at all";
  EXPECT_FALSE(files("opening.").empty());
}

}  // namespace
}  // namespace nmz::cluster_tests
