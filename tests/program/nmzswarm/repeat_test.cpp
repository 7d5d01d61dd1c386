// The hunt for flaky workloads, from the command line to the command that shows one failure again.
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hunt.hpp"
#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// b fails for every third seed, in one of two ways.
constexpr const char* script =
    "echo $NMZ_WORKLOAD run $NMZ_RUN; test $NMZ_WORKLOAD = a && exit\n"
    "test $((NMZ_SEED % 3)) = 0 || exit 0\n"
    "test $((NMZ_SEED % 2)) = 0 && echo broken pipe $NMZ_RUN || echo out of luck; exit 9";

class RepeatTest : public testing::Test {
 protected:
  static std::vector<std::string> lines_with(const std::string& text, const std::string& piece) {
    std::vector<std::string> found;
    std::istringstream all{text};
    for (std::string line; std::getline(all, line);) {
      if (line.find(piece) != std::string::npos) found.push_back(line);
    }
    return found;
  }
  Swarm swarm;
};

TEST_F(RepeatTest, TellsRatesAndGroupsAndTheCommandThatRepeatsAFailure) {
  const auto ended = swarm.run("a\nb\n", {"-j2", "--repeat", "60", "--seed", "5", "--json", "events"}, script);
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("a failed 0 of 60 (below 5 %)"), HasSubstr("1 of 2 passed, 1 flaky")));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("x broken pipe"), HasSubstr("x out of luck")));
  EXPECT_THAT(swarm.read("events"), HasSubstr(R"("hunted":[{"name":"a","runs":60,"failures":0,)"));
  EXPECT_THAT(ended.out, HasSubstr("printf ")) << "with the command that repeats it";
}

TEST_F(RepeatTest, TheCommandShowsTheFailureAgain) {
  const std::string tab_and_more = "test $((NMZ_SEED % 3)) = 0 && exit\necho 'it\\'\t\"100 %\"\nexit 9";
  for (const std::string& fails : {std::string{"test $((NMZ_SEED % 3)) = 0"}, tab_and_more}) {
    const auto ended = swarm.run("b\n", {"-j2", "--repeat", "30", "--seed", "5"}, fails);
    const auto commands = lines_with(ended.out, "printf ");
    ASSERT_EQ(commands.size(), 1U) << ended.out;
    support::Program again{{"/bin/bash", "-c", commands.front()}};
    again.env = {"PATH=" + std::filesystem::path{NMZ_NMZSWARM}.parent_path().string() + ":/usr/bin:/bin",
                 "XDG_STATE_HOME=" + swarm.place().string(), "XDG_DATA_HOME=" + swarm.place().string()};
    again.directory = swarm.place();
    const auto repeated = support::run_program(again);
    EXPECT_EQ(repeated.exit_code, 1) << commands.front() << "\n" << repeated.err;
    EXPECT_THAT(repeated.out, HasSubstr("b failed 1 of 1"));
    EXPECT_EQ(repeated.out.find("it\\") != std::string::npos, fails == tab_and_more) << repeated.out;
  }
}

TEST_F(RepeatTest, ASeedGivesTheSameRunsWhateverTheWorkers) {
  const auto verdicts = [this](const std::string& workers) {
    const auto ended =
        swarm.run("x\n", {"-j", workers, "--repeat", "8", "--seed", "3", "-v"}, "exit $((NMZ_SEED % 7))");
    std::set<std::string> found;
    for (const std::string& line : lines_with(ended.out, "x (run ")) {
      if (line.find("worker") == std::string::npos) found.insert(line.substr(0, line.find(" (0")));
    }
    return found;
  };
  const auto first = verdicts("1");
  EXPECT_EQ(first.size(), 8U);
  EXPECT_EQ(first, verdicts("3"));
}

TEST_F(RepeatTest, UntilFailEndsAtTheFirstFailure) {
  const auto ended = swarm.run("b\n", {"-j2", "--until-fail", "--seed", "1"}, script);
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  // The other worker's run may have ended in the same instant.
  EXPECT_THAT(ended.out, testing::ContainsRegex("b failed [12] of "));
}

TEST_F(RepeatTest, ForEndsWhenTheTimeIsUp) {
  const auto ended = swarm.run("a\n", {"-j2", "--for", "1s"}, "sleep 0.1");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_GE(ended.duration, std::chrono::milliseconds{900});
  EXPECT_LE(ended.duration, std::chrono::seconds{20});
  EXPECT_THAT(ended.out, HasSubstr("a failed 0 of "));
}

TEST_F(RepeatTest, AWidthEndsWhenTheRateIsKnown) {
  const auto ended = swarm.run("a\n", {"-j1", "--stop-at-width", "0.1"}, "exit 0");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("a failed 0 of 35 ")) << "3.84 / (35 + 3.84) is 0.0989";
}

TEST_F(RepeatTest, StressIsBesideTheWorkloadAndEndsWithIt) {
  const auto ended = swarm.run("a\nb\n", {"-j1", "--stress-cpu", "2", "--log-dir", "logs"},
                               "cat; mark=stress; ps -o args= -g $(ps -o sid= -p $$) | grep -c '[n]mz_loops'");
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_EQ(swarm.read("logs/000000-a.log"), "a\n2\n");
  const auto left = support::run_program(support::Program{{"pgrep", "-f", "nmz_loops.*mark=stress"}});
  EXPECT_EQ(left.out, "");
}

TEST_F(RepeatTest, AnInterruptedHuntTellsWhatItKnows) {
  const auto ended =
      swarm.run("a\n", {"-j1", "--until-fail"},
                "test $NMZ_RUN -lt 4 || { kill -INT $(ps -o ppid= -p $(ps -o ppid= -p $PPID)); sleep 9; }");
  EXPECT_EQ(ended.exit_code, 130) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("a failed 0 of 3\n"));
}

TEST(RepeatingCommandTest, DoesNotWriteOverWhatTheHuntHasWritten) {
  EXPECT_EQ(repeating_command({"--log-dir", "logs", "-json=events", "-j2", "--junit", "report", "--trace=t", "--", "x"},
                              "a", 7),
            "printf '%s\\n' a | nmzswarm -j2 --workloads - --shard 1/1 --repeat 1 --seed 7 -- x");
}

TEST(RepeatingCommandTest, IsForAShell) {
  EXPECT_EQ(repeating_command({"-j2", "--filter", "^a b", "--", "sh", "-c", "echo 'x'"}, "it's", 7),
            "printf '%s\\n' 'it'\\''s' | nmzswarm -j2 --filter '^a b' --workloads - --shard 1/1 --repeat 1 --seed 7 -- "
            "sh -c 'echo '\\''x'\\'''");
}

}  // namespace
}  // namespace nmz::nmzswarm
