// Jobs that take the same port at one time, and plans that want one job at a time.
#include <chrono>
#include <deque>

#include <gtest/gtest.h>

#include "nmz/dispatch/dispatcher.hpp"

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

const job::Outcome cancelled = outcome(job::OutcomeKind::cancelled);

TEST(DispatcherCollisionTest, TwoJobsWithOnePortCountForNothingAndRunAgainOneAfterTheOther) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({took(0, 1)}), "");
  EXPECT_EQ(run.tell({took(1, 2)}), "cancel w1 job2, cancel w0 job1, collided s1 s2");
  EXPECT_EQ(run.tell({ended(1, 2, cancelled)}), "disturbed s2 job2") << "the other one still runs";
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "assign w0 s1 job3 try2, disturbed s1 job1") << "it beat its Cancel";
  EXPECT_EQ(plan.diary(), "serialise, back 2, back 1");
  EXPECT_EQ(run.tell({took(0, 3), ended(0, 3, exited(0))}), "assign w0 s2 job4 try2, counted s1 job3");
  EXPECT_EQ(run.tell({took(0, 4), ended(0, 4, exited(1))}), "assign w0 s3 job5, counted s2 job4");
}

TEST(DispatcherCollisionTest, AVerdictThatComesWithTheNewsOfItsDisturbanceDoesNotCount) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  run.tell({took(0, 1)});
  EXPECT_EQ(run.tell({ended(0, 1, exited(1)), took(1, 2)}), "cancel w1 job2, collided s1 s2, disturbed s1 job1");
}

TEST(DispatcherCollisionTest, WhatHasEndedOrIsSomewhereElseDisturbsNobody) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({took(0, 1, 7), took(1, 2, 8)}), "") << "in two networks";
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "assign w0 s3 job3, counted s1 job1");
  EXPECT_EQ(run.tell({took(0, 1, 8), took(1, 2, 7)}), "") << "the one of a job that has ended was late";
}

TEST(DispatcherCollisionTest, AThirdJobGoesOnAndCountsUnlessItMeetsThemToo) {
  for (const bool meets : {false, true}) {
    ScriptedPlanForTests plan({1, 2, 3});
    Scenario run(plan, 3);
    run.tell({ready(0), ready(1), ready(2)});
    run.tell({took(0, 1), took(1, 2)});
    if (meets) {
      EXPECT_EQ(run.tell({took(2, 3)}), "cancel w2 job3") << "told once";
    }
    run.tell({ended(0, 1, cancelled), ended(1, 2, cancelled)});
    EXPECT_EQ(run.tell({ended(2, 3, exited(0))}),
              meets ? "assign w0 s3 job4 try2, disturbed s3 job3" : "assign w0 s2 job4 try2, counted s3 job3");
  }
}

TEST(DispatcherCollisionTest, WhatWaitsAtAWorkerIsCalledBackRatherThanRunBesideAnother) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5, 6, 7, 8});
  Options options;
  options.ahead = 2;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  run.after(1ms, {ended(0, 1, exited(0), 1ms), ended(1, 2, exited(0), 1ms)});  // from here on several wait
  const std::string told = run.tell({took(0, 3), took(1, 4)});
  EXPECT_NE(told.find("recall w0"), std::string::npos) << told;
  EXPECT_NE(told.find("recall w1"), std::string::npos) << told;
}

TEST(DispatcherCollisionTest, APlanGetsOneAtATimeForAsLongAsItWants) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  plan.alone = true;
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({ready(0), ready(1)}), "assign w0 s1 job1");
  EXPECT_EQ(run.tell({alive(1)}), "");
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "assign w0 s2 job2, counted s1 job1");
  plan.alone = false;
  EXPECT_EQ(run.tell({alive(1)}), "assign w1 s3 job3");
}

TEST(DispatcherCollisionTest, ASubjectThatWaitsForAnotherWorkerDoesNotWakeTheCoordinatorInVain) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.patience = 2s;
  options.lease = 1h;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  plan.alone = true;
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::unprepared))}), "retried s1 job1");
  run.after(3s, {alive(1)});
  EXPECT_GT(run.dispatcher.deadline().value_or(run.now), run.now);
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job3 try2, counted s2 job2");
}

}  // namespace
}  // namespace nmz::dispatch
