// Runs in which every worker does what it should: handing out, cancelling, stopping.
#include "nmz/dispatch/dispatcher.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

TEST(DispatcherTest, RunsAllSubjectsAndStops) {
  ScriptedPlanForTests plan({7, 8, 9});
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({}), "");
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s7 job1");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s8 job2");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s9 job3, counted s8 job2");
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "counted s7 job1");
  EXPECT_FALSE(run.dispatcher.stopped());
  EXPECT_EQ(run.tell({ended(1, 3, exited(125))}), "stop finished, counted s9 job3");
  EXPECT_TRUE(run.dispatcher.stopped());
  EXPECT_EQ(plan.diary(), "8=exited, 7=exited 1, 9=exited 125");
}

TEST(DispatcherTest, HandsOutAfterAllEventsOfAStep) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({ready(0), ready(1)}), "assign w0 s1 job1, assign w1 s2 job2");
  EXPECT_EQ(plan.questions, 1);
  EXPECT_EQ(run.tell({ended(1, 2, exited(0)), ended(0, 1, exited(0))}),
            "assign w0 s3 job3, assign w1 s4 job4, counted s2 job2, counted s1 job1");
  EXPECT_EQ(plan.questions, 2);
}

TEST(DispatcherTest, AsksThePlanOnlyWhenItCanHaveMore) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 3);
  EXPECT_EQ(run.tell({ready(0), ready(1)}), "assign w0 s1 job1");
  EXPECT_EQ(plan.questions, 1);
  EXPECT_EQ(run.tell({ready(2)}), "");
  EXPECT_EQ(run.after(1s, {alive(0), alive(1), Tick{}}), "");
  EXPECT_EQ(plan.questions, 1) << "a plan that had nothing was asked again although nothing had changed";
  plan.to_do = {2, 3};
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "assign w0 s2 job2, assign w1 s3 job3, counted s1 job1");
}

TEST(DispatcherTest, FinishedBeforeAnyWorkerIsThere) {
  ScriptedPlanForTests plan({});
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({}), "stop finished");
  EXPECT_EQ(run.tell({ready(0)}), "");
}

TEST(DispatcherTest, FinishingCancelsWhatRuns) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 3);
  run.tell({ready(0), ready(1), ready(2)});
  plan.decided = true;
  EXPECT_EQ(run.tell({ended(1, 2, exited(1))}), "cancel w0 job1, cancel w2 job3, stop finished, counted s2 job2");
  EXPECT_EQ(plan.diary(), "2=exited 1");
  // The result stands: what still comes is shown, but changes nothing and starts nothing.
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::cancelled))}), "cancelled s1 job1");
  EXPECT_EQ(run.tell({lost(2), ready(2)}), "cancelled s3 job3");
  EXPECT_EQ(plan.diary(), "back 1, back 3");
  EXPECT_EQ(run.dispatcher.deadline(), std::nullopt);
}

TEST(DispatcherTest, AVerdictAfterStopIsNotRecorded) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({Interrupted{}}), "cancel w0 job1, cancel w1 job2, stop interrupted");
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "cancelled s1 job1");
  EXPECT_EQ(run.tell({Interrupted{}}), "");
  EXPECT_EQ(plan.diary(), "back 1");
}

TEST(DispatcherTest, AVerdictThatComesWithTheInterruptCounts) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({Interrupted{}, ended(0, 1, exited(1))}), "cancel w1 job2, stop interrupted, counted s1 job1");
}

TEST(DispatcherTest, TheAnswerOutweighsAnInterruptOfTheSameMoment) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({Interrupted{}, ended(0, 1, exited(1))}), "stop finished, counted s1 job1");
}

TEST(DispatcherTest, CancelsPointlessJobsOnceAndKeepsTheWorkerBusyUntilTheEnd) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  plan.no_use = {1};
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "cancel w0 job1, assign w1 s3 job3, counted s2 job2");
  EXPECT_EQ(run.tell({ended(1, 3, exited(0))}), "assign w1 s4 job4, counted s3 job3") << "cancelled once is enough";
  EXPECT_EQ(plan.diary(), "2=exited, 3=exited");
  plan.no_use = {};
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::cancelled))}), "assign w0 s1 job5 try2, cancelled s1 job1");
  EXPECT_EQ(plan.diary(), "back 1");
}

TEST(DispatcherTest, HowACancelledJobEnds) {
  struct Case {
    job::Outcome outcome;
    std::string told;
  };
  const std::vector<Case> cases{
      {exited(1), "1=exited 1"},  // it had ended by itself before the Cancel arrived: evidence is evidence
      {exited(125), "1=exited 125"},
      {outcome(job::OutcomeKind::timed_out), "1=timed out"},
      {outcome(job::OutcomeKind::cancelled), "back 1"},
      {outcome(job::OutcomeKind::signaled, 9), "back 1"},
      {outcome(job::OutcomeKind::unprepared, 5), "back 1"},
  };
  for (const Case& one : cases) {
    ScriptedPlanForTests plan({1, 2, 3});
    Options options;
    options.max_attempts = 1;  // an end that was asked for is not held against the subject
    Scenario run(plan, 2, options);
    run.tell({ready(0), ready(1)});
    plan.no_use = {1};
    run.tell({ended(1, 2, exited(0))});
    plan.diary();
    run.tell({ended(0, 1, one.outcome)});
    EXPECT_EQ(plan.diary(), one.told);
  }
}

TEST(DispatcherTest, APlanThatLeavesEverybodyWithoutWorkIsABug) {
  class NeverFinishedPlanForTests final : public Plan {
   public:
    std::vector<Subject> next(std::size_t /*count*/) override { return {}; }
    void record(Subject /*subject*/, const job::Outcome& /*outcome*/) override {}
    void give_back(Subject /*subject*/) override {}
    [[nodiscard]] std::vector<Subject> pointless() const override { return {}; }
    [[nodiscard]] bool finished() const override { return false; }
  };
  NeverFinishedPlanForTests plan;
  Scenario run(plan, 1);
  EXPECT_EQ(run.tell({}), "") << "no worker has answered yet";
  EXPECT_THROW(run.tell({ready(0)}), std::logic_error);
}

TEST(DispatcherTest, WhatAPlanLearnsWhenItIsAskedCountsAtOnce) {
  class RememberingPlanForTests final : public Plan {
   public:
    std::vector<Subject> next(std::size_t /*count*/) override {
      if (given == 0) return {given++};
      learnt = true;
      return {};
    }
    void record(Subject /*subject*/, const job::Outcome& /*outcome*/) override {}
    void give_back(Subject /*subject*/) override {}
    [[nodiscard]] std::vector<Subject> pointless() const override { return {}; }
    [[nodiscard]] bool take_news() override { return learnt; }
    [[nodiscard]] bool finished() const override { return learnt; }
    Subject given = 0;
    bool learnt = false;
  };
  RememberingPlanForTests plan;
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s0 job1");
  EXPECT_EQ(run.tell({ready(1)}), "cancel w0 job1, stop finished");
}

TEST(DispatcherTest, APlanThatHandsOutARunningSubjectIsABug) {
  ScriptedPlanForTests plan({1, 1});
  Scenario run(plan, 2);
  EXPECT_THROW(run.tell({ready(0), ready(1)}), std::logic_error);
}

}  // namespace
}  // namespace nmz::dispatch
