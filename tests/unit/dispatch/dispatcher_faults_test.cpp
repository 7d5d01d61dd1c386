// Runs in which something breaks: lost, silent and broken workers, messages that come late or twice.
#include <chrono>

#include <gtest/gtest.h>

#include "nmz/dispatch/dispatcher.hpp"

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

const job::Outcome unprepared = outcome(job::OutcomeKind::unprepared, 28);
const job::Outcome killed = outcome(job::OutcomeKind::signaled, 9);

// ---- lost workers

TEST(DispatcherFaultsTest, ALostWorkersSubjectRunsElsewhereAndTheWorkerIsRestarted) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 3);
  run.tell({ready(0), ready(1), ready(2)});
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, assign w2 s1 job3 try2, retried s1 job1, lost w0");
  EXPECT_EQ(plan.diary(), "back 1");
  EXPECT_EQ(run.tell({ready(0)}), "");
  EXPECT_EQ(run.tell({ended(2, 3, exited(0))}), "counted s1 job3");
}

TEST(DispatcherFaultsTest, WhatALostWorkerSaysLaterIsReportedAndNotCounted) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, retried s1 job1, lost w0");
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "late s1 job1");
  EXPECT_EQ(run.tell({alive(0)}), "");
  EXPECT_EQ(plan.diary(), "back 1");
}

TEST(DispatcherFaultsTest, MessagesThatFitNothing) {
  struct Case {
    const char* what;
    Event event;
    const char* answer;
  };
  const std::vector<Case> cases{
      {"an end told twice", ended(0, 1, exited(0)), "late s1 job1"},
      {"the end of another worker's job", ended(0, 2, exited(0)), "late s2 job2"},
      {"a job that never was", ended(0, 99, exited(0)), "late job99"},
      {"no job at all", ended(0, 0, exited(0)), "late job0"},
  };
  for (const Case& one : cases) {
    ScriptedPlanForTests plan({1, 2, 3, 4});
    Scenario run(plan, 2);
    run.tell({ready(0), ready(1)});
    run.tell({ended(0, 1, exited(0))});
    plan.diary();
    EXPECT_EQ(run.tell({one.event}), one.answer) << one.what;
    EXPECT_EQ(plan.diary(), "") << one.what;
  }
}

TEST(DispatcherFaultsTest, AWorkerIsRestartedSoOftenAndNotMore) {
  ScriptedPlanForTests plan({1});
  Options options;
  options.max_worker_restarts = 2;
  Scenario run(plan, 1, options);
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, lost w0");
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s1 job1");
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, retried s1 job1, lost w0");
  EXPECT_EQ(run.tell({lost(0)}), "stop no workers, gone w0");
  EXPECT_EQ(run.tell({ready(0)}), "");
}

TEST(DispatcherFaultsTest, AWorkerThatCannotBeStartedIsNotRestarted) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 2);
  EXPECT_EQ(run.tell({WorkerLost{job::WorkerId{0}, "no such mount", true}}), "gone w0");
  EXPECT_EQ(run.tell({WorkerLost{job::WorkerId{1}, "no such mount", true}}), "stop no workers, gone w1");
}

TEST(DispatcherFaultsTest, NothingIsRestartedInTheStepThatStops) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  plan.decided = true;
  EXPECT_EQ(run.tell({lost(0), ended(1, 2, exited(1))}), "stop finished, retried s1 job1, counted s2 job2, gone w0");
}

TEST(DispatcherFaultsTest, OneStepGivesUpAWorkerOnceAndTrustsNothingItSays) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.max_worker_restarts = 1;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({lost(0), lost(0), ready(0), ended(0, 1, exited(1))}),
            "restart w0, retried s1 job1, late s1 job1, lost w0");
}

TEST(DispatcherFaultsTest, NoWorkersAtAll) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 0);
  EXPECT_EQ(run.tell({}), "stop no workers");
}

TEST(DispatcherFaultsTest, AnAgentThatIsReadyWhileBusyIsANewOne) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s1 job2 try2, retried s1 job1");
}

TEST(DispatcherFaultsTest, ASubjectThatKillsItsWorkersIsRecordedAsLost) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 3);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({lost(0), ready(1)}), "restart w0, assign w1 s1 job2 try2, retried s1 job1, lost w0");
  EXPECT_EQ(run.tell({lost(1), ready(2)}), "restart w1, assign w2 s1 job3 try3, retried s1 job2, lost w1");
  EXPECT_EQ(run.tell({lost(2), ready(0)}), "restart w2, assign w0 s2 job4, counted s1 job3, lost w2");
  EXPECT_EQ(plan.diary(), "back 1, back 1, 1=lost");
}

// ---- outcomes that are no verdict

TEST(DispatcherFaultsTest, WhichOutcomesAreInfrastructure) {
  using Kind = job::OutcomeKind;
  struct Case {
    job::Outcome outcome;
    bool retried;
  };
  const std::vector<Case> cases{
      {exited(0), false},
      {exited(1), false},
      {exited(125), false},
      {exited(137), false},
      {outcome(Kind::signaled, 9), true},
      {outcome(Kind::signaled, 11), false},
      {outcome(Kind::signaled, 15), false},
      {outcome(Kind::timed_out), false},
      {outcome(Kind::build_failed, 2), false},
      {outcome(Kind::not_started, 2), false},
      {outcome(Kind::untestable), false},
      {outcome(Kind::unprepared, 28), true},
      {outcome(Kind::cancelled), true},  // not by us
      {outcome(Kind::lost), true},
      {disk_full(Kind::exited, 0), false},  // it succeeded all the same
      {disk_full(Kind::exited, 1), true},
      {disk_full(Kind::exited, 125), true},
      {disk_full(Kind::signaled, 11), true},
      {disk_full(Kind::timed_out, 0), true},
      {disk_full(Kind::build_failed, 1), true},
      {disk_full(Kind::not_started, 2), false},
  };
  for (const Case& one : cases) {
    ScriptedPlanForTests plan({1, 2});
    Scenario run(plan, 1);
    run.tell({ready(0)});
    run.tell({ended(0, 1, one.outcome)});
    EXPECT_EQ(plan.diary() == "back 1", one.retried) << "kind " << static_cast<int>(one.outcome.kind) << " code "
                                                     << one.outcome.code << " disk full " << one.outcome.disk_full;
  }
}

TEST(DispatcherFaultsTest, AfterItsAttemptsThePlanGetsTheLastInfrastructureOutcome) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "assign w0 s1 job2 try2, retried s1 job1");
  EXPECT_EQ(run.tell({ended(0, 2, killed)}), "assign w0 s1 job3 try3, retried s1 job2");
  EXPECT_EQ(run.tell({ended(0, 3, killed)}), "assign w0 s2 job4, counted s1 job3");
  EXPECT_EQ(plan.diary(), "back 1, back 1, 1=signaled 9");
}

TEST(DispatcherFaultsTest, AJobCancelledBySomebodyElseIsLostToThePlan) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.max_attempts = 1;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::cancelled))}), "restart w0, counted s1 job1, lost w0")
      << "somebody ends its agent as well";
  EXPECT_EQ(plan.diary(), "1=lost");
}

TEST(DispatcherFaultsTest, AWorkerThatFailsThreeJobsInARowIsRestarted) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5});
  Scenario run(plan, 2);
  run.tell({ready(0)});
  run.tell({ended(0, 1, unprepared)});
  run.tell({ended(0, 2, exited(0))});  // not in a row
  run.tell({ended(0, 3, unprepared)});
  run.tell({ended(0, 4, disk_full(job::OutcomeKind::exited, 1))});
  EXPECT_EQ(run.tell({ended(0, 5, unprepared)}), "restart w0, retried s5 job5, lost w0");
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({ended(0, 6, unprepared)}).find("restart"), std::string::npos) << "the new agent is given time";
}

// ---- elsewhere

TEST(DispatcherFaultsTest, ARetriedSubjectPrefersAnotherFreeWorker) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed), ended(1, 2, exited(0))}),
            "assign w1 s1 job3 try2, assign w0 s3 job4, retried s1 job1, counted s2 job2");
}

TEST(DispatcherFaultsTest, WhoDoesNotMindMakesRoom) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 3);
  run.tell({ready(0), ready(1), ready(2)});
  // 2 must not go to w1, 1 not to w0, 3 not to w2; given one by one in this order, 3 would be left with its own.
  EXPECT_EQ(run.tell({ended(2, 3, killed), ended(0, 1, killed), ended(1, 2, killed)}),
            "assign w0 s3 job4 try2, assign w1 s1 job5 try2, assign w2 s2 job6 try2, "
            "retried s3 job3, retried s1 job1, retried s2 job2");
}

TEST(DispatcherFaultsTest, ARetriedSubjectWaitsForAnotherWorkerWhileItsOwnDoesSomethingElse) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "assign w0 s3 job3, retried s1 job1");
  EXPECT_EQ(run.tell({ended(0, 3, exited(0))}), "assign w0 s4 job4, counted s3 job3");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job5 try2, counted s2 job2");
}

TEST(DispatcherFaultsTest, AWaitingSubjectHasPatienceButDoesNotStarve) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.lease = 100s;
  options.patience = 60s;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "retried s1 job1");
  EXPECT_EQ(run.dispatcher.deadline(), Time{60s}) << "somebody has to wake the dispatcher";
  EXPECT_EQ(run.after(59s, {alive(0), alive(1)}), "");
  EXPECT_EQ(run.after(1s, {Tick{}}), "assign w0 s1 job3 try2");
}

TEST(DispatcherFaultsTest, NobodyIsWokenForAWaitingSubjectThatHasNoWorker) {
  ScriptedPlanForTests plan({1, 2, 3});
  Options options;
  options.lease = 1000s;
  options.patience = 60s;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "assign w0 s3 job3, retried s1 job1");
  EXPECT_EQ(run.dispatcher.deadline(), Time{1000s});
  EXPECT_EQ(run.after(61s, {alive(1)}), "");
  EXPECT_EQ(run.tell({ended(0, 3, exited(0))}), "assign w0 s1 job4 try2, counted s3 job3") << "it has waited enough";
}

TEST(DispatcherFaultsTest, AWaitingSubjectGoesBackAtTheEnd) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "retried s1 job1");
  plan.diary();
  EXPECT_EQ(run.tell({Interrupted{}}), "cancel w1 job2, stop interrupted");
  EXPECT_EQ(plan.diary(), "back 1");
}

TEST(DispatcherFaultsTest, ASubjectThatThePlanRunsAgainStartsAfresh) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Options options;
  options.max_attempts = 2;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed), ended(1, 2, exited(0))}),
            "assign w1 s1 job3 try2, assign w0 s3 job4, retried s1 job1, counted s2 job2");
  plan.to_do.push_front(1);
  EXPECT_EQ(run.tell({ended(0, 4, exited(0)), ended(1, 3, killed)}),
            "assign w0 s1 job5 try3, assign w1 s4 job6, counted s3 job4, counted s1 job3");
  EXPECT_EQ(run.tell({ended(0, 5, killed), ended(1, 6, exited(0))}),
            "assign w1 s1 job7 try4, retried s1 job5, counted s4 job6")
      << "it had used up its attempts before the plan decided to run it again";
}

TEST(DispatcherFaultsTest, ASubjectThatThePlanRunsAgainGoesToAnotherWorker) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  plan.to_do = {1};
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "counted s1 job1") << "worker 1 will be free";
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job3 try2, counted s2 job2");
}

TEST(DispatcherFaultsTest, ALostIdleWorkerGetsNothingUntilItIsBack) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({lost(1)}), "restart w1, lost w1");
  plan.to_do = {2, 3};
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "assign w0 s2 job2, counted s1 job1");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s3 job3");
}

TEST(DispatcherFaultsTest, AWaitingSubjectTakesItsOwnWorkerWhenTheOthersAreGone) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.max_worker_restarts = 0;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "retried s1 job1");
  EXPECT_EQ(run.tell({lost(1)}), "assign w0 s1 job3 try2, retried s2 job2, gone w1");
}

TEST(DispatcherFaultsTest, AWaitingSubjectThatBecomesPointlessGoesBackWithoutARun) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, killed)}), "assign w0 s3 job3, retried s1 job1");
  plan.no_use = {1};
  plan.diary();
  EXPECT_EQ(run.tell({ended(0, 3, exited(0))}), "counted s3 job3");
  EXPECT_EQ(plan.diary(), "3=exited, back 1");
  plan.no_use = {};
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job4 try2, counted s2 job2");
  EXPECT_EQ(run.tell({ended(1, 4, exited(0))}), "stop finished, counted s1 job4");
}

// ---- leases

TEST(DispatcherFaultsTest, ASilentWorkerIsLostWhenItsLeaseEnds) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.lease = 10s;
  Scenario run(plan, 2, options);
  EXPECT_EQ(run.dispatcher.deadline(), std::nullopt) << "an agent that starts may take its time";
  EXPECT_EQ(run.after(100s, {ready(0)}), "assign w0 s1 job1");
  EXPECT_EQ(run.after(4s, {ready(1)}), "assign w1 s2 job2");
  EXPECT_EQ(run.dispatcher.deadline(), Time{110s});
  EXPECT_EQ(run.after(5s, {alive(0)}), "");
  EXPECT_EQ(run.dispatcher.deadline(), Time{114s});
  EXPECT_EQ(run.after(5s, {Tick{}}), "restart w1, retried s2 job2, lost w1");
  EXPECT_EQ(run.dispatcher.deadline(), Time{119s});
}

TEST(DispatcherFaultsTest, AnOnlyWorkerThatIsSilentIsLostThoughTheTickComesALittleLate) {
  ScriptedPlanForTests plan({1});
  Options options;
  options.lease = 10s;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.after(10s + 20ms, {Tick{}}), "restart w0, retried s1 job1, lost w0");
}

TEST(DispatcherFaultsTest, ASignOfLifeInTheStepOfTheDeadlineIsInTime) {
  ScriptedPlanForTests plan({1});
  Options options;
  options.lease = 10s;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.after(10s, {Tick{}, alive(0)}), "");
}

TEST(DispatcherFaultsTest, ASuspendedProgramLosesNobody) {
  ScriptedPlanForTests plan({1, 2});
  Options options;
  options.lease = 10s;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.after(3s, {alive(0)}), "");
  EXPECT_EQ(run.after(1h, {Tick{}}), "");
  EXPECT_EQ(run.dispatcher.deadline(), Time{1h + 10s}) << "the lease of w1, extended by the hour";
  EXPECT_EQ(run.after(1s, {alive(0)}), "");
  EXPECT_EQ(run.after(6s, {Tick{}}), "restart w1, retried s2 job2, lost w1") << "from there on time counts again";
  EXPECT_EQ(run.dispatcher.deadline(), Time{1h + 14s});
}

}  // namespace
}  // namespace nmz::dispatch
