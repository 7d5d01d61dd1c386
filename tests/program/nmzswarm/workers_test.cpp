// What becomes of workers: lost, given up, not needed any more, and helped out at the end.
#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

std::string numbers(int count) {
  std::string list;
  for (int i = 1; i <= count; ++i) list += std::to_string(i) + "\n";
  return list;
}

class WorkersTest : public testing::Test {
 protected:
  /// How often each line stands in the diary.
  [[nodiscard]] std::map<std::string, int> diary() const {
    std::map<std::string, int> count;
    std::istringstream lines{swarm.read("diary")};
    for (std::string line; std::getline(lines, line);) ++count[line];
    return count;
  }
  Swarm swarm;
  std::string here = swarm.place().string();
};

TEST_F(WorkersTest, OfAWorkersJobsOnlyTheOneThatRanIsRunAgainWhenItIsKilled) {
  const auto ended =
      swarm.run(numbers(500), {"-j2"},
                "echo $NMZ_WORKLOAD >>" + here + "/diary; test $NMZ_WORKLOAD-$NMZ_ATTEMPT != 250-1 || kill -9 $PPID");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("500 of 500 passed"));
  std::map<std::string, int> runs = diary();
  EXPECT_EQ(runs["250"], 2);
  runs.erase("250");
  EXPECT_THAT(runs, AllOf(SizeIs(499), Each(Pair(testing::_, 1))));
}

TEST_F(WorkersTest, AWorkerThatIsLostTooOftenIsDoneWithout) {
  const std::string script = "test $NMZ_WORKER = 1 || kill -9 $PPID";
  const auto two = swarm.run(numbers(4), {"-j2", "--max-worker-restarts", "0"}, script);
  EXPECT_EQ(two.exit_code, 0) << two.out << two.err;
  EXPECT_THAT(two.out, AllOf(HasSubstr("worker 0 was lost"), HasSubstr("it is given up")));
  const auto one = swarm.run(numbers(4), {"-j1", "--max-worker-restarts", "1"}, script);
  EXPECT_EQ(one.exit_code, 3) << one.out << one.err;
  EXPECT_THAT(one.err, HasSubstr("no worker is left"));
}

TEST_F(WorkersTest, AWorkloadThatIsKilledEachTimeIsLostInEveryReport) {
  const auto ended = swarm.run("killed\nfine\n", {"-j2", "--json", "events", "--junit", "junit"},
                               "test $NMZ_WORKLOAD = fine || kill -9 $$");
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("lost      killed"), HasSubstr("1 of 2 passed, 1 lost")));
  EXPECT_THAT(swarm.read("junit"), AllOf(HasSubstr(R"(failures="0" errors="1")"), HasSubstr(R"(<error type="lost")")));
  EXPECT_THAT(swarm.read("events"), HasSubstr(R"("lost":1)"));
}

TEST_F(WorkersTest, OneThatStartsAgainWhenAllIsDoneSaysNothing) {
  const std::string script = "test $NMZ_WORKLOAD-$NMZ_ATTEMPT != 1-1 || { sleep 0.1; kill -9 $PPID; }";
  for (int round = 0; round < 10; ++round) {
    const auto ended = swarm.run(numbers(2), {"-j2"}, script);
    EXPECT_EQ(ended.exit_code, 0) << ended.out;
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(WorkersTest, AtTheEndThoseWithoutWorkGoButOne) {
  // The longest one counts the agents of its run after all others have ended.
  const auto ended = swarm.run(
      numbers(6), {"-j6"},
      "test $NMZ_WORKLOAD = 1 || exit 0; sleep 2; ps -o comm= --ppid $(ps -o ppid= -p $(ps -o ppid= -p $PPID)) | "
      "grep -c nmzagent >" +
          here + "/agents");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(swarm.read("agents"), "2\n");
}

TEST_F(WorkersTest, AStragglerIsRunASecondTimeAndItsFirstResultCounts) {
  const std::string script = "test $NMZ_WORKLOAD != 7 || test $NMZ_ATTEMPT = 2 || sleep 100";
  const auto ended = swarm.run(numbers(20), {"-j3", "--speculate", "--json", "events"}, script);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("20 of 20 passed"));
  const std::string events = swarm.read("events");
  std::size_t passed = 0;
  for (std::size_t at = 0; (at = events.find(R"("result":"passed")", at)) != std::string::npos; ++at) ++passed;
  EXPECT_EQ(passed, 21) << "each once, and the run";
  EXPECT_THAT(events, HasSubstr(R"("result":"cancelled")"));
}

/// The program, seen from a workload.
constexpr const char* program = "$(ps -o ppid= -p $(ps -o ppid= -p $PPID))";

TEST_F(WorkersTest, Sigusr1StartsOneMore) {
  const std::string each_waits_for_the_other = std::string{"cd "} + here +
                                               "; touch $NMZ_WORKLOAD; "
                                               "test $NMZ_WORKLOAD = 2 || kill -USR1 " +
                                               program + "; until test -e 1 && test -e 2; do sleep 0.01; done";
  const auto ended = swarm.run(numbers(2), {"-j1", "--timeout", "30s"}, each_waits_for_the_other);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("2 workers from now on"), HasSubstr("2 of 2 passed")));
}

TEST_F(WorkersTest, Sigusr2LetsOneGoAfterItsJob) {
  const std::string script = std::string{"cd "} + here +
                             "; case $NMZ_WORKLOAD in 1) until test -e begun; do sleep 0.01; done; kill -USR2 " +
                             program +
                             "; until grep -q '1 worker from now on' events; do sleep 0.01; done;; 2) touch begun;; "
                             "*) echo $NMZ_WORKER >>diary;; esac";
  const auto ended = swarm.run(numbers(6), {"-j2", "--timeout", "30s", "--json", "events"}, script);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("6 of 6 passed"));
}

TEST_F(WorkersTest, ACopyAndAHuntExcludeEachOther) {
  EXPECT_THAT(swarm.run(numbers(2), {"--speculate", "--repeat", "3"}, "true").err, HasSubstr("exclude each other"));
}

TEST_F(WorkersTest, AUsersLimitOnProcessesFailsNoWorkload) {
  ASSERT_EQ(::geteuid(), 0U) << "becoming a user who has the limit needs root";
  std::filesystem::permissions(here, std::filesystem::perms{0777});
  const std::string limited =
      "mkdir bin && cp $SWARM $(dirname $SWARM)/nmzagent bin && seq 100 > list && "
      "exec setpriv --reuid 47123 --regid 47123 --clear-groups bash -c \"ulimit -u $LIMIT; exec "
      "bin/nmzswarm --workloads list -j10 -- sh -c 'sleep 0.01; (sleep 0.01); /bin/true'\"";
#ifdef __SANITIZE_ADDRESS__
  // Agents that are slow to start are in the way of the one that works: it needs room for some of them.
  const std::string limit = "LIMIT=32";
#else
  const std::string limit = "LIMIT=12";
#endif
  // A sanitizer looks for leaks with one more process at the end of each, and has none.
  swarm.environment = {limit, "ASAN_OPTIONS=detect_leaks=0"};
  const auto some = swarm.shell(limited);
  EXPECT_EQ(some.exit_code, 0) << some.out << some.err;
  EXPECT_THAT(some.out, HasSubstr("100 of 100 passed"));
  EXPECT_THAT(some.out + some.err, HasSubstr("Resource temporarily unavailable")) << "or the limit was not met";
}

TEST_F(WorkersTest, WhatTheMachineRefusesIsToldInOneLine) {
  ASSERT_EQ(::geteuid(), 0U) << "becoming a user who has the limit needs root";
  std::filesystem::permissions(here, std::filesystem::perms{0777});
  const std::string limited =
      "mkdir -p bin && cp $SWARM $(dirname $SWARM)/nmzagent bin && seq 3 > list && exec setpriv --reuid 47124 --regid "
      "47124 --clear-groups bash -c \"ulimit $LIMIT; exec timeout --kill-after 1 20 bin/nmzswarm --workloads list -j2 "
      "-- true\"";
  // timeout, the program, the thread for its signals, one that reads, and no second one.
  for (const char* const limit : {"-u 2", "-u 3", "-u 4", "-u 5", "-n 8"}) {
    // A sanitizer looks for leaks with one more thread, and has none.
    swarm.environment = {std::string{"LIMIT="} + limit, "ASAN_OPTIONS=detect_leaks=0"};
    const auto ended = swarm.shell(limited);
    EXPECT_THAT(ended.exit_code, testing::AnyOf(0, 3)) << limit << ended.out << ended.err;
    EXPECT_THAT(ended.err, testing::Not(HasSubstr("internal error"))) << limit;
  }
  swarm.environment = {"LIMIT=-s 64", "ASAN_OPTIONS=detect_leaks=0"};
  const auto small = swarm.shell(limited);
  EXPECT_EQ(small.exit_code, 128) << small.out;
  EXPECT_THAT(small.err, HasSubstr("a stack of 64 KiB is too small (ulimit -s)"));
}

}  // namespace
}  // namespace nmz::nmzswarm
