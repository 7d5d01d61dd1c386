// The user's signals, whenever they come: one end of the run, told whole, and nothing left behind.
#include <filesystem>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/engine_stub.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SwarmInterruptionTest : public testing::Test {
 protected:
  /// Directories of runs; the lock beside them stays.
  [[nodiscard]] std::ptrdiff_t run_directories() const {
    const std::filesystem::path cache = swarm.place() / "XDG_CACHE_HOME" / "namazu-swarm";
    std::ptrdiff_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{cache}) count += entry.is_directory() ? 1 : 0;
    return count;
  }
  Swarm swarm;
};

TEST_F(SwarmInterruptionTest, WhatIsKilledAtTheSecondOneIsToldAsCancelled) {
  const std::string twice =
      "trap '' TERM; program=$(ps -o ppid= -p $(ps -o ppid= -p $PPID)); kill $program; sleep 0.2; kill $program; sleep "
      "100";
  const auto ended = swarm.run("a\nb\n", {"-j1", "--json", "events", "--kill-grace", "20s"}, twice);
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("0 of 2 passed, 1 cancelled, 1 not run"));
  EXPECT_THAT(swarm.read("events"), AllOf(HasSubstr(R"("result":"cancelled")"), HasSubstr("suite-ended")));
  EXPECT_EQ(run_directories(), 0);
}

TEST_F(SwarmInterruptionTest, OneThatComesAtTheVeryEndDoesNotCostTheReports) {
  for (int round = 0; round < 5; ++round) {
    const auto ended = swarm.shell(
        "rm -f events; seq 2000 >list; \"$SWARM\" --workloads list -j2 --junit junit --json events -- true & "
        "program=$!\n"
        "until test -s events; do sleep 0.01; done; sleep 0.2\n"
        "for i in $(seq 400); do kill $program 2>/dev/null; sleep 0.001; done; wait $program");
    EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("not run in"), HasSubstr("logs: ")));
    EXPECT_THAT(swarm.read("junit"), HasSubstr("</testsuites>"));
    EXPECT_EQ(run_directories(), 0);
  }
}

TEST_F(SwarmInterruptionTest, OneDuringAnImagesPullBuildOrPushEndsIt) {
  using Stalls = support::EngineStub::Stalls;
  for (const auto stalls : {Stalls::pull, Stalls::build, Stalls::push}) {
    SCOPED_TRACE("stalls " + std::to_string(static_cast<int>(stalls)));
    const support::EngineStub engine{swarm.place() / ("engine" + std::to_string(static_cast<int>(stalls))), stalls};
    swarm.environment = {"ENGINE=" + engine.host(), "STALLED=" + engine.stalled().string()};
    const auto ended = swarm.shell(
        "rm -f events; \"$SWARM\" --host \"$ENGINE\" --source suite --target here/suite --push --json events & "
        "program=$!\n"
        "i=0; until test -e \"$STALLED\" || test $((i += 1)) -gt 1000; do sleep 0.01; done; kill $program; wait "
        "$program; status=$?; touch events; exit $status");
    EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("nmzswarm: interrupted\n"));
    const auto told = HasSubstr(R"("event":"suite-ended","result":"interrupted")");
    if (stalls != Stalls::pull) {
      EXPECT_THAT(swarm.read("events"), told);
    } else {
      EXPECT_EQ(swarm.read("events"), "") << "nothing had begun";
    }
  }
}

TEST_F(SwarmInterruptionTest, UnderNohupTheEndOfTheSessionIsNoInterruption) {
  const auto ended = swarm.shell(
      "trap '' HUP; echo 1 | \"$SWARM\" --workloads - -- sh -c 'kill -HUP $(ps -o ppid= -p $(ps -o ppid= -p $PPID)); "
      "sleep 0.3'");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 of 1 passed"));
}

}  // namespace
}  // namespace nmz::nmzswarm
