// Jobs that wait at their workers, workers that are not needed any more, and copies of the last jobs.
#include <chrono>

#include <gtest/gtest.h>

#include "nmz/dispatch/dispatcher.hpp"

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

Options ahead(std::uint32_t most) {
  Options options;
  options.ahead = most;
  return options;
}

Event cancelled(std::uint32_t worker, std::uint64_t job) {
  return ended(worker, job, outcome(job::OutcomeKind::cancelled));
}

std::deque<Subject> list(Subject count) {
  std::deque<Subject> subjects;
  for (Subject one = 1; one <= count; ++one) subjects.push_back(one);
  return subjects;
}

TEST(DispatcherAheadTest, ShortJobsWaitAtTheirWorkerAsSoonAsTheyAreKnownToBeShort) {
  ScriptedPlanForTests plan(list(20));
  Scenario run(plan, 1, ahead(3));
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s1 job1");
  EXPECT_EQ(run.after(2ms, {ended(0, 1, exited(0), 1ms)}),
            "assign w0 s2 job2, assign w0 s3 job3, assign w0 s4 job4, assign w0 s5 job5, counted s1 job1");
  // Not one by one, but when the queue has become short: what travels together costs once.
  EXPECT_EQ(run.after(1ms, {ended(0, 2, exited(0), 1ms)}), "counted s2 job2");
  EXPECT_EQ(run.after(1ms, {ended(0, 3, exited(0), 1ms)}), "assign w0 s6 job6, assign w0 s7 job7, counted s3 job3");
}

TEST(DispatcherAheadTest, LongJobsDoNot) {
  ScriptedPlanForTests plan(list(20));
  Scenario run(plan, 1, ahead(3));
  run.tell({ready(0)});
  EXPECT_EQ(run.after(60s + 5ms, {alive(0), ended(0, 1, exited(0), 60s)}), "assign w0 s2 job2, counted s1 job1");
}

TEST(DispatcherAheadTest, WhatHandingOutCostsIsHiddenByOneThatWaits) {
  ScriptedPlanForTests plan(list(20));
  Scenario run(plan, 1, ahead(3));
  run.tell({ready(0)});
  // It takes 0.6 s beyond the second that the test lasts.
  EXPECT_EQ(run.after(1600ms, {ended(0, 1, exited(0), 1s)}), "assign w0 s2 job2, assign w0 s3 job3, counted s1 job1");
}

TEST(DispatcherAheadTest, WhatWaitsIsCalledBackForAnIdleWorker) {
  ScriptedPlanForTests plan(list(5));
  Scenario run(plan, 2, ahead(3));
  run.tell({ready(0)});
  run.after(2ms, {ended(0, 1, exited(0), 1ms)});  // jobs 2 to 5 are there
  EXPECT_EQ(run.tell({ready(1)}), "recall w0 job5");
  EXPECT_EQ(run.tell({Tick{}}), "") << "one that comes is enough for one that is idle";
  EXPECT_EQ(run.tell({cancelled(0, 5)}), "assign w1 s5 job6, returned s5 job5");
  EXPECT_EQ(plan.diary(), "1=exited, back 5");
  // It was never begun: the next execution is its first.
  EXPECT_EQ(run.tell({ended(1, 6, exited(0), 1ms)}), "recall w0 job4, counted s5 job6");
  // The message comes too late, the job has begun: its result counts.
  EXPECT_EQ(run.tell({ended(0, 2, exited(0), 1ms), ended(0, 3, exited(0), 1ms)}), "counted s2 job2, counted s3 job3");
  EXPECT_EQ(run.tell({ended(0, 4, exited(1), 1ms)}), "stop finished, counted s4 job4");
}

TEST(DispatcherAheadTest, BehindAJobThatLastsThePlansNextOneIsCalledBack) {
  ScriptedPlanForTests plan(list(5));
  Scenario run(plan, 2, ahead(3));
  run.tell({ready(0)});
  run.after(2ms, {ended(0, 1, exited(0), 1ms)});  // jobs 2 to 5 are there
  EXPECT_EQ(run.after(1s, {ready(1)}), "recall w0 job3");
}

TEST(DispatcherAheadTest, OfALostWorkersJobsOnlyTheOneThatRanWasAnAttempt) {
  ScriptedPlanForTests plan(list(4));
  Scenario run(plan, 2, ahead(3));
  run.tell({ready(0)});
  run.after(2ms, {ended(0, 1, exited(0), 1ms)});
  plan.diary();
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, retried s2 job2, returned s3 job3, returned s4 job4, lost w0");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s4 job5, assign w1 s3 job6, assign w1 s2 job7 try2");
}

TEST(DispatcherAheadTest, AFailureThatIsTriedElsewhereWaitsAtAnotherWorker) {
  ScriptedPlanForTests plan(list(20));
  Scenario run(plan, 2, ahead(1));
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.after(2ms, {ended(0, 1, outcome(job::OutcomeKind::signaled, 9), 1ms), ended(1, 2, exited(0), 1ms)}),
            "assign w1 s1 job3 try2, assign w0 s3 job4, assign w1 s4 job5, assign w0 s5 job6, retried s1 job1, "
            "counted s2 job2");
}

TEST(DispatcherAheadTest, StopCancelsWhatWaits) {
  ScriptedPlanForTests plan(list(3));
  Scenario run(plan, 1, ahead(3));
  run.tell({ready(0)});
  run.after(2ms, {ended(0, 1, exited(0), 1ms)});
  EXPECT_EQ(run.tell({Interrupted{}}), "cancel w0 job2, cancel w0 job3, stop interrupted");
  EXPECT_EQ(run.tell({cancelled(0, 3), cancelled(0, 2)}), "cancelled s3 job3, cancelled s2 job2");
}

/// Its agent was told to end (docker stop, a test's `kill 1`): what waits there has no part in that, and no attempt
/// less.
TEST(DispatcherAheadTest, WhatWaitsAtAWorkerThatSomebodyEndsIsNotCharged) {
  ScriptedPlanForTests plan(list(4));
  Scenario run(plan, 1, ahead(3));
  run.tell({ready(0)});
  run.after(2ms, {ended(0, 1, exited(0), 1ms)});
  EXPECT_EQ(run.tell({cancelled(0, 2)}), "restart w0, retried s2 job2, returned s3 job3, returned s4 job4, lost w0");
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s4 job5, assign w0 s3 job6");
}

class DispatcherGatherTest : public testing::Test {
 protected:
  /// Both workers have begun something at the same time, half a second ago less 10 ms; jobs last half a second.
  DispatcherGatherTest() {
    run.tell({ready(0), ready(1)});
    run.after(500ms, {ended(0, 1, exited(0), 500ms), ended(1, 2, exited(0), 500ms)});
    run.now += 490ms;
  }
  static Options options() {
    Options options;
    options.gather = 50ms;
    return options;
  }
  ScriptedPlanForTests plan{list(20)};
  Scenario run{plan, 2, options()};
};

TEST_F(DispatcherGatherTest, AVerdictWaitsForThoseThatComeWithIt) {
  EXPECT_EQ(run.after(10ms, {ended(0, 3, exited(0), 500ms)}), "counted s3 job3");
  EXPECT_EQ(run.dispatcher.deadline(), run.now + 20ms);
  EXPECT_EQ(run.after(5ms, {ended(1, 4, exited(0), 505ms)}), "assign w0 s5 job5, assign w1 s6 job6, counted s4 job4");
}

TEST(DispatcherFirstGatherTest, TheFirstOneWaitsForAny) {
  ScriptedPlanForTests plan(list(20));
  Options options;
  options.gather = 50ms;
  Scenario run(plan, 2, options);
  run.tell({ready(0)});
  run.after(800ms, {ready(1)});
  EXPECT_EQ(run.after(200ms, {ended(0, 1, exited(0), 500ms)}), "counted s1 job1");
  EXPECT_EQ(run.dispatcher.deadline(), run.now + 40ms);
  EXPECT_EQ(run.after(40ms, {Tick{}}), "assign w0 s3 job3");
}

TEST_F(DispatcherGatherTest, NotForLong) {
  EXPECT_EQ(run.after(10ms, {ended(0, 3, exited(0), 500ms)}), "counted s3 job3");
  EXPECT_EQ(run.after(10ms, {Tick{}}), "");
  EXPECT_EQ(run.after(10ms, {Tick{}}), "assign w0 s5 job5");
}

TEST_F(DispatcherGatherTest, NorForWhatHasJustBegunOrLastsLonger) {
  EXPECT_EQ(run.after(10ms, {ended(0, 3, exited(0), 500ms), ended(1, 4, exited(0), 500ms)}),
            "assign w0 s5 job5, assign w1 s6 job6, counted s3 job3, counted s4 job4");
  EXPECT_EQ(run.after(100ms, {ended(0, 5, exited(0), 100ms)}), "counted s5 job5");
  EXPECT_EQ(run.after(4ms, {Tick{}}), "assign w0 s7 job7");
  EXPECT_EQ(run.after(50ms, {ended(0, 7, exited(0), 50ms)}), "assign w0 s8 job8, counted s7 job7");
  EXPECT_EQ(run.after(20ms, {ended(1, 6, exited(0), 170ms)}), "assign w1 s9 job9, counted s6 job6");
}

TEST(DispatcherRetireTest, WhoHasNothingToDoAtTheEndGoesButOne) {
  ScriptedPlanForTests plan(list(2));
  plan.list_ends = true;
  Scenario run(plan, 5);
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s1 job1");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s2 job2");
  EXPECT_EQ(run.tell({ready(2)}), "retire w3, retire w4") << "they only start";
  EXPECT_EQ(run.tell({ready(3), lost(4)}), "") << "nothing is told of them any more";
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "retire w2, counted s2 job2");
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, assign w1 s1 job3 try2, retried s1 job1, lost w0");
  EXPECT_EQ(run.tell({ended(1, 3, exited(0))}), "stop finished, counted s1 job3");
}

TEST(DispatcherRetireTest, NobodyGoesWhileThePlanMayHaveMore) {
  ScriptedPlanForTests plan(list(1));
  Scenario run(plan, 3);
  EXPECT_EQ(run.tell({ready(0), ready(1), ready(2)}), "assign w0 s1 job1");
}

class DispatcherSpeculateTest : public testing::Test {
 protected:
  /// Three seconds after subject 1 began on w0; w1 has done all the others, in a second each.
  DispatcherSpeculateTest() {
    plan.list_ends = true;
    run.tell({ready(0), ready(1)});
    run.after(1s, {ended(1, 2, exited(0), 1s), alive(0)});
    run.after(900ms, {ended(1, 3, exited(0), 900ms), alive(0)});
    plan.diary();
  }

  static Options options() {
    Options options;
    options.speculate = true;
    return options;
  }
  ScriptedPlanForTests plan{{1, 2, 3}};
  Scenario run{plan, 2, options()};
};

TEST_F(DispatcherSpeculateTest, WhatLastsLongerThanUsualIsRunTwiceAndTheFirstVerdictCounts) {
  EXPECT_EQ(run.tell({Tick{}}), "") << "not yet out of the ordinary";
  EXPECT_EQ(run.after(1s, {alive(0), alive(1), Tick{}}), "assign w1 s1 job4 try2");
  EXPECT_EQ(run.after(1s, {ended(1, 4, exited(1), 1s)}), "cancel w0 job1, stop finished, counted s1 job4");
  EXPECT_EQ(run.tell({cancelled(0, 1)}), "spare s1 job1");
  EXPECT_EQ(plan.diary(), "1=exited 1");
}

TEST_F(DispatcherSpeculateTest, WhenACopyIsLostTheOtherOneGoesOn) {
  run.after(1s, {alive(0), alive(1), Tick{}});
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, spare s1 job1, lost w0");
  EXPECT_EQ(run.tell({ended(1, 4, exited(0), 1s)}), "stop finished, counted s1 job4");
  EXPECT_EQ(plan.diary(), "1=exited");
}

TEST_F(DispatcherSpeculateTest, WhenBothAreLostTheSubjectIsTriedAgain) {
  run.after(1s, {alive(0), alive(1), Tick{}});
  EXPECT_EQ(run.tell({lost(0), lost(1)}), "restart w0, restart w1, spare s1 job1, retried s1 job4, lost w0, lost w1");
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s1 job5 try3");
}

TEST_F(DispatcherSpeculateTest, AfterStopBothAreToldOnce) {
  run.after(1s, {alive(0), alive(1), Tick{}});
  EXPECT_EQ(run.tell({Interrupted{}}), "cancel w0 job1, cancel w1 job4, stop interrupted");
  EXPECT_EQ(run.tell({cancelled(0, 1), cancelled(1, 4)}), "spare s1 job1, cancelled s1 job4");
  EXPECT_EQ(plan.diary(), "back 1");
}

}  // namespace
}  // namespace nmz::dispatch
