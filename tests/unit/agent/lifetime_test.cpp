// Nothing of a job outlives it: timeouts, cancels, daemons, and the end of the agent or of its coordinator.
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;

/// Ignores TERM, says so in the file `ready`, and stays.
constexpr const char* stubborn = "trap '' TERM; echo $$ > \"$OUT/pid\"; while :; do sleep 1; done";

/// A daemon as they are written: double fork, own session, detached output.
constexpr const char* daemon_script =
    "setsid sh -c 'setsid sh -c \"trap \\\"\\\" TERM HUP; echo \\$\\$ > $OUT/pid; exec sleep 1000\" "
    "</dev/null >/dev/null 2>&1 & exit' & ";

class LifetimeTest : public ::testing::Test {
 protected:
  wire::Run shell(const std::string& script) {
    auto run = worker_.shell(script);
    run.env = {"OUT=" + worker_.outside().string()};
    return run;
  }
  pid_t await_pid() { return await_pid_file(worker_.outside() / "pid"); }

  static WorkerOptions no_tree() {
    WorkerOptions options;
    options.with_tree = false;
    return options;
  }

  Worker worker_{no_tree()};
};

TEST_F(LifetimeTest, ATestThatIgnoresTermIsKilledAfterTheGrace) {
  auto run = shell(stubborn);
  run.timeout = 100ms;
  run.kill_grace = 150ms;
  const auto begin = Clock::now();
  const auto result = worker_.run(run);
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::timed_out);
  EXPECT_THAT(result.finished.outcome.detail, HasSubstr("100 ms"));
  EXPECT_GE(Clock::now() - begin, 250ms);
  EXPECT_FALSE(is_alive(await_pid()));
}

TEST_F(LifetimeTest, ATestThatHeedsTermMayCleanUp) {
  auto run = shell("trap 'sleep 0.1; echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.01; done");
  run.timeout = 200ms;
  run.kill_grace = patience;
  const auto result = worker_.run(run);
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::timed_out);
  EXPECT_THAT(result.log, HasSubstr("cleaned"));
}

TEST_F(LifetimeTest, TheTimeoutIsForTheTestAndNotForItsBuild) {
  auto run = shell("exit 3");
  run.build = "sleep 0.3";
  run.timeout = 200ms;
  EXPECT_EQ(worker_.run(run).finished.outcome.kind, OutcomeKind::exited);
}

TEST_F(LifetimeTest, AStoppedTestIsEndedToo) {
  auto run = shell("echo $$ > $OUT/pid; kill -STOP $$; exit 3");
  run.timeout = 100ms;
  run.kill_grace = patience;
  EXPECT_EQ(worker_.run(run).finished.outcome.kind, OutcomeKind::timed_out);
  EXPECT_FALSE(is_alive(await_pid()));
}

TEST_F(LifetimeTest, ExtremeDurationsAreNoOverflow) {
  auto run = shell("exit 3");
  run.timeout = std::chrono::milliseconds::max();
  run.kill_grace = std::chrono::milliseconds::min();
  EXPECT_EQ(worker_.run(run).finished.outcome.code, 3);
  run.timeout = std::chrono::milliseconds::min();
  EXPECT_EQ(worker_.run(run).finished.outcome.code, 3);
}

TEST_F(LifetimeTest, CancelEndsTheJobQuickly) {
  auto run = shell("echo $$ > $OUT/pid; sleep 1000");
  run.kill_grace = patience;
  worker_.send(run);
  const pid_t pid = await_pid();
  const auto begin = Clock::now();
  worker_.send(wire::Cancel{run.job});
  const auto result = worker_.await_job();
  std::printf("cancelled after %.1f ms\n", std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_FALSE(is_alive(pid));
  EXPECT_EQ(worker_.run(shell("exit 5")).finished.outcome.code, 5) << "the worker goes on";
}

TEST_F(LifetimeTest, CancelDuringTheBuildRunsNoTest) {
  auto run = shell("echo tested");
  run.build = "echo $$ > $OUT/pid; sleep 1000";
  worker_.send(run);
  static_cast<void>(await_pid());
  worker_.send(wire::Cancel{run.job});
  const auto result = worker_.await_job();
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_THAT(result.log, IsEmpty());
}

TEST_F(LifetimeTest, ACancelThatComesTooLateIsIgnored) {
  const auto first = shell("exit 1");
  EXPECT_EQ(worker_.run(first).finished.outcome.kind, OutcomeKind::exited);
  worker_.send(wire::Cancel{first.job});
  const auto second = shell("exit 2");
  worker_.send(second);
  worker_.send(wire::Cancel{first.job});
  EXPECT_EQ(worker_.await_job().finished.outcome.code, 2);
}

// Every cancel is answered by exactly one Finished, whichever comes first: the end of the command or the Cancel.
TEST_F(LifetimeTest, CancelRacesWithTheEndOfTheCommand) {
  const auto began = std::chrono::steady_clock::now();
  static_cast<void>(worker_.run(worker_.job({"true"})));
  const auto usual = std::chrono::steady_clock::now() - began;  // on a busy machine it is much
  int cancelled = 0;
  for (int i = 0; i < 200; ++i) {
    auto run = worker_.job({"true"});
    run.build = i % 3 == 0 ? "true" : "";
    worker_.send(run);
    std::this_thread::sleep_for(i % 20 * usual / 8);
    worker_.send(wire::Cancel{run.job});
    const auto result = worker_.await_job();
    ASSERT_EQ(result.finished.job, run.job);
    const auto kind = result.finished.outcome.kind;
    ASSERT_TRUE(kind == OutcomeKind::cancelled || kind == OutcomeKind::exited);
    cancelled += kind == OutcomeKind::cancelled ? 1 : 0;
  }
  EXPECT_GT(cancelled, 0);
  EXPECT_LT(cancelled, 200);
}

TEST_F(LifetimeTest, ADaemonIsGoneWhenItsTestHasEnded) {
  // With a double fork the daemon outlives its parents at once; the test waits until it is there.
  const auto result = worker_.run(shell(std::string{daemon_script} + "while ! [ -s $OUT/pid ]; do sleep 0.01; done"));
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::exited);
  EXPECT_EQ(result.finished.outcome.code, 0);
  EXPECT_FALSE(is_alive(await_pid()));
}

TEST_F(LifetimeTest, ADaemonThatHoldsTheLogOpenDoesNotHoldTheJob) {
  const auto result = worker_.run(shell("setsid sleep 1000 & echo $! > $OUT/pid; exit 6"));
  EXPECT_EQ(result.finished.outcome.code, 6);
  EXPECT_FALSE(is_alive(await_pid()));
}

TEST_F(LifetimeTest, ManyProcessesThatForkWhileTheyAreKilledAllGo) {
  const auto result = worker_.run(
      shell("for i in 1 2 3 4 5 6 7 8; do (while :; do (sleep 0.01; exec sleep 77.125) & sleep 0.005; done) & done;"
            "sleep 0.2; exit 0"));
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::exited);
  EXPECT_EQ(result.finished.outcome.detail, "");
  EXPECT_EQ(worker_.run(shell("ps -e -o args= | grep -c '[s]leep 77.125'")).log, "0\n");
}

TEST_F(LifetimeTest, WhatABuildLeavesBehindIsGoneBeforeTheTest) {
  auto run = shell("cat $OUT/pid");
  run.build = std::string{daemon_script} + "while ! [ -s $OUT/pid ]; do sleep 0.01; done";
  run.argv[2] = "kill -0 $(cat $OUT/pid)";
  EXPECT_EQ(worker_.run(run).finished.outcome.code, 1);
}

TEST_F(LifetimeTest, KillingTheAgentKillsTheTest) {
  worker_.send(shell(stubborn));
  const pid_t pid = await_pid();
  ::kill(worker_.pid(), SIGKILL);
  EXPECT_EQ(worker_.wait_for_exit(), -SIGKILL);
  EXPECT_TRUE(disappears(pid));
}

TEST_F(LifetimeTest, TheEndOfTheStreamKillsEverythingAtOnce) {
  auto run = shell(std::string{daemon_script} + "sleep 1000");
  run.kill_grace = 1h;
  worker_.send(run);
  const pid_t pid = await_pid();
  worker_.close_stream();
  EXPECT_EQ(worker_.wait_for_exit(), 0);
  EXPECT_FALSE(is_alive(pid));
}

TEST_F(LifetimeTest, ShutdownGivesTheGraceAndSaysCancelled) {
  auto run = shell("trap 'echo cleaned; exit 0' TERM; echo $$ > $OUT/pid; while :; do sleep 0.01; done");
  run.kill_grace = patience;
  worker_.send(run);
  static_cast<void>(await_pid());
  worker_.send(wire::Shutdown{});
  const auto result = worker_.await_job();
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_THAT(result.log, HasSubstr("cleaned"));
  EXPECT_EQ(worker_.wait_for_exit(), 0);
}

TEST_F(LifetimeTest, ShutdownOfAStubbornTestIsOverAfterTheGrace) {
  auto run = shell(stubborn);
  run.kill_grace = 100ms;
  worker_.send(run);
  const pid_t pid = await_pid();
  worker_.send(wire::Shutdown{});
  EXPECT_EQ(worker_.wait_for_exit(), 0);
  EXPECT_FALSE(is_alive(pid));
}

TEST_F(LifetimeTest, TermToTheAgentIsAShutdown) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    Worker worker{no_tree()};
    auto run = worker.shell("echo $$ > $OUT/pid; sleep 1000");
    std::filesystem::remove(worker.outside() / "pid");
    run.env = {"OUT=" + worker.outside().string()};
    worker.send(run);
    const pid_t pid = await_pid_file(worker.outside() / "pid");
    ::kill(worker.pid(), number);
    EXPECT_EQ(worker.await_job().finished.outcome.kind, OutcomeKind::cancelled);
    EXPECT_EQ(worker.wait_for_exit(), 0);
    EXPECT_FALSE(is_alive(pid));
  }
}

TEST_F(LifetimeTest, ASecondTermDoesNotWaitForTheGrace) {
  auto run = shell(stubborn);
  run.kill_grace = 1h;
  worker_.send(run);
  const pid_t pid = await_pid();
  ::kill(worker_.pid(), SIGTERM);
  ASSERT_TRUE(takes_pending(worker_.pid(), SIGTERM)) << "two that are pending would be one";
  ::kill(worker_.pid(), SIGTERM);
  EXPECT_EQ(worker_.wait_for_exit(), 0);
  EXPECT_FALSE(is_alive(pid));
}

TEST_F(LifetimeTest, AJobThatEndsWhileItsAgentIsToldToEndEndsOnce) {
  // Stopped meanwhile, the agent finds both signals at once.
  worker_.send(
      shell("kill -STOP $PPID; kill -TERM $PPID; "
            "(until grep -q ') Z' /proc/$$/stat; do :; done; kill -CONT $PPID) & exit 3"));
  int ends = 0;
  while (const auto message = worker_.receive()) {
    const auto* const finished = std::get_if<wire::Finished>(&*message);
    if (finished == nullptr) continue;
    ++ends;
    EXPECT_EQ(finished->outcome.code, 3);
  }
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(worker_.wait_for_exit(), 0);
}

TEST_F(LifetimeTest, AnIdleAgentEndsWhenToldTo) {
  worker_.send(wire::Shutdown{});
  EXPECT_EQ(worker_.wait_for_exit(), 0);
  Worker other{no_tree()};
  ::kill(other.pid(), SIGTERM);
  EXPECT_EQ(other.wait_for_exit(), 0);
}

}  // namespace
}  // namespace nmz::agent
