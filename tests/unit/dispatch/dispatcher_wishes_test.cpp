// What the user wants meanwhile: a job cancelled, a subject skipped, more workers or fewer.
#include <chrono>

#include <gtest/gtest.h>

#include "nmz/dispatch/dispatcher.hpp"

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

Event cancel(std::uint64_t job) { return CancelJob{job::JobId{job}}; }
Event skip(Subject subject) { return SkipSubject{subject}; }
Event more(std::int32_t by) { return ChangeWorkers{by}; }

TEST(DispatcherWishesTest, WhateverACancelledJobSaysIsNoVerdict) {
  for (const job::Outcome& said : {outcome(job::OutcomeKind::cancelled), exited(0), exited(1), exited(125),
                                   outcome(job::OutcomeKind::signaled, 9), outcome(job::OutcomeKind::unprepared, 5)}) {
    ScriptedPlanForTests plan({1, 2, 3});
    Scenario run(plan, 2);
    run.tell({ready(0), ready(1)});
    EXPECT_EQ(run.tell({cancel(1)}), "cancel w0 job1");
    EXPECT_EQ(run.tell({cancel(1)}), "") << "once is enough";
    EXPECT_EQ(plan.diary(), "") << "its subject is with us until the job has ended";
    EXPECT_EQ(run.tell({ended(0, 1, said)}), "assign w0 s3 job3, counted s1 job1");
    EXPECT_EQ(plan.diary(), "1=cancelled");
  }
}

TEST(DispatcherWishesTest, ACancelledJobOfALostWorkerIsNotTriedAgain) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  run.tell({cancel(1)});
  EXPECT_EQ(run.tell({lost(0)}), "restart w0, counted s1 job1, lost w0");
  EXPECT_EQ(plan.diary(), "1=cancelled");
}

TEST(DispatcherWishesTest, WhatHasEndedOrNeverWasIsLeftAlone) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({ended(0, 1, exited(0)), cancel(1), cancel(0), cancel(77)}), "assign w0 s2 job2, counted s1 job1");
  EXPECT_EQ(plan.diary(), "1=exited");
}

TEST(DispatcherWishesTest, AJobThatWaitsAtItsWorkerCanBeCancelled) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5, 6});
  Options options;
  options.ahead = 1;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.after(1ms, {ended(0, 1, exited(0), 1ms)}), "assign w0 s2 job2, assign w0 s3 job3, counted s1 job1");
  EXPECT_EQ(run.tell({cancel(3)}), "cancel w0 job3");
  EXPECT_EQ(run.tell({ended(0, 3, outcome(job::OutcomeKind::cancelled))}), "assign w0 s4 job4, counted s3 job3");
}

TEST(DispatcherWishesTest, OfTwoCopiesOnlyTheOneIsCancelled) {
  ScriptedPlanForTests plan({1, 2});
  plan.list_ends = true;
  Options options;
  options.speculate = true;
  options.lease = 1h;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.after(1s, {ended(1, 2, exited(0), 1s)}), "counted s2 job2");
  ASSERT_EQ(run.after(5s, {Tick{}}), "assign w1 s1 job3 try2");
  EXPECT_EQ(run.tell({cancel(1)}), "cancel w0 job1");
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::cancelled))}), "spare s1 job1");
  EXPECT_EQ(run.tell({ended(1, 3, exited(7))}), "stop finished, counted s1 job3");
  EXPECT_EQ(plan.diary(), "2=exited, 1=exited 7");
}

TEST(DispatcherWishesTest, ASkippedSubjectIsNotStarted) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 1);
  EXPECT_EQ(run.tell({skip(1), skip(2)}), "");
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s3 job1, skipped s1, skipped s2");
  EXPECT_EQ(plan.diary(), "1=skipped, 2=skipped");
}

TEST(DispatcherWishesTest, WhatRunsOfASkippedSubjectIsEnded) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({skip(1)}), "cancel w0 job1");
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "assign w0 s2 job2, counted s1 job1");
  EXPECT_EQ(plan.diary(), "1=skipped");
}

TEST(DispatcherWishesTest, ASkippedSubjectDoesNotWaitForAnotherWorker) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  run.tell({ended(0, 1, outcome(job::OutcomeKind::signaled, 9))});  // waits for the other one
  plan.diary();
  EXPECT_EQ(run.tell({skip(1)}), "skipped s1");
  EXPECT_EQ(plan.diary(), "1=skipped");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "stop finished, counted s2 job2");
}

TEST(DispatcherWishesTest, TheLastSubjectSkippedEndsTheRun) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 2);
  run.tell({skip(2)});
  EXPECT_EQ(run.tell({ready(0), ready(1)}), "assign w0 s1 job1, skipped s2");
  EXPECT_EQ(run.tell({skip(1)}), "cancel w0 job1");
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::cancelled))}), "stop finished, counted s1 job1");
}

/// What the plan is told of a skip may be all that it waited for, while others run.
TEST(DispatcherWishesTest, ASkipThatDecidesEndsWhatRuns) {
  class DecidedBySkipForTests final : public Plan {
   public:
    std::vector<Subject> next(std::size_t /*count*/) override {
      if (given == 2) return {};
      return {given++};
    }
    void record(Subject /*subject*/, const job::Outcome& outcome) override {
      decided = outcome.kind == job::OutcomeKind::skipped;
    }
    void give_back(Subject /*subject*/) override {}
    [[nodiscard]] std::vector<Subject> pointless() const override { return {}; }
    [[nodiscard]] bool finished() const override { return decided; }
    Subject given = 0;
    bool decided = false;
  };
  DecidedBySkipForTests plan;
  Scenario run(plan, 2);
  run.tell({skip(1)});
  EXPECT_EQ(run.tell({ready(0)}), "assign w0 s0 job1");
  EXPECT_EQ(run.tell({ready(1)}), "cancel w0 job1, stop finished, skipped s1");
}

TEST(DispatcherWishesTest, MoreWorkersAreStartedUnderNewNumbers) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({more(2)}), "start w1, start w2, 3 workers, 0 leaving");
  EXPECT_EQ(run.tell({ready(2)}), "assign w2 s2 job2");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s3 job3");
}

TEST(DispatcherWishesTest, OfFewerWorkersTheIdleGoFirst) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 4);
  run.tell({ready(0), ready(1), ready(2)});
  EXPECT_EQ(run.tell({more(-1)}), "retire w2, 3 workers, 0 leaving");
  EXPECT_EQ(run.tell({more(-1)}), "retire w1, 2 workers, 0 leaving");
  EXPECT_EQ(run.tell({more(-1)}), "retire w3, 1 workers, 0 leaving") << "it starts";
  EXPECT_EQ(run.tell({more(-1)}), "1 workers, 0 leaving") << "one stays";
}

TEST(DispatcherWishesTest, WhoeverEndsItsJobFirstGoes) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5});
  Scenario run(plan, 3);
  run.tell({ready(0), ready(1), ready(2)});
  EXPECT_EQ(run.tell({more(-1)}), "2 workers, 1 leaving");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "retire w1, counted s2 job2");
  EXPECT_EQ(run.tell({ended(0, 1, exited(1))}), "assign w0 s4 job4, counted s1 job1");
}

TEST(DispatcherWishesTest, WhatWaitsAtAWorkerDoesNotKeepIt) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5, 6});
  Options options;
  options.ahead = 1;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  ASSERT_EQ(run.after(1ms, {ended(0, 1, exited(0), 1ms)}), "assign w0 s3 job3, assign w0 s4 job4, counted s1 job1");
  EXPECT_EQ(run.tell({more(-1)}), "recall w0 job4, 1 workers, 1 leaving");
  EXPECT_EQ(run.tell({ended(0, 4, outcome(job::OutcomeKind::cancelled))}), "returned s4 job4");
  EXPECT_EQ(run.after(1ms, {ended(0, 3, exited(0), 1ms)}), "retire w0, counted s3 job3");
}

TEST(DispatcherWishesTest, ALostWorkerIsOneThatGoes) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  run.tell({more(-1)});
  EXPECT_EQ(run.tell({lost(0)}), "retried s1 job1, gone w0");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job3 try2, counted s2 job2");
  EXPECT_EQ(run.tell({lost(1)}), "restart w1, retried s1 job3, lost w1") << "the last one is wanted";
}

TEST(DispatcherWishesTest, WhoeverWasToGoStaysBeforeANewOneStarts) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({more(-1)}), "1 workers, 1 leaving");
  EXPECT_EQ(run.tell({more(2)}), "start w2, 3 workers, 0 leaving");
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "assign w0 s3 job3, counted s1 job1");
}

TEST(DispatcherWishesTest, ANewWorkerCanReplaceTheLastOne) {
  ScriptedPlanForTests plan({1});
  Options options;
  options.max_worker_restarts = 0;
  Scenario run(plan, 1, options);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({lost(0), more(1)}), "start w1, retried s1 job1, gone w0, 1 workers, 0 leaving");
  EXPECT_EQ(run.tell({ready(1)}), "assign w1 s1 job2 try2");
}

TEST(DispatcherWishesTest, InAPauseNothingBeginsAndVerdictsCount) {
  ScriptedPlanForTests plan({1, 2, 3, 4});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({Pause{true}}), "");
  EXPECT_EQ(run.tell({ended(0, 1, exited(0))}), "counted s1 job1");
  EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "counted s2 job2");
  EXPECT_EQ(run.tell({Tick{}}), "") << "that nothing runs is not the end";
  EXPECT_EQ(run.tell({Pause{false}}), "assign w0 s3 job3, assign w1 s4 job4");
}

TEST(DispatcherWishesTest, APausedRunCanBeEnded) {
  ScriptedPlanForTests plan({1, 2});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  run.tell({Pause{true}, ended(0, 1, exited(0))});
  EXPECT_EQ(run.tell({Interrupted{}}), "stop interrupted");
}

TEST(DispatcherWishesTest, AfterTheEndNothingIsWished) {
  ScriptedPlanForTests plan({1});
  Scenario run(plan, 1);
  run.tell({ready(0)});
  run.tell({Interrupted{}});
  EXPECT_EQ(run.tell({cancel(1), skip(1), more(3)}), "");
}

TEST(DispatcherWishesTest, WhatFailedIsRunAgainAndCountsItsExecutionsOn) {
  class AgainPlanForTests final : public Plan {
   public:
    std::vector<Subject> next(std::size_t count) override { return inner.next(count); }
    void record(Subject subject, const job::Outcome& what) override { inner.record(subject, what); }
    void give_back(Subject subject) override { inner.give_back(subject); }
    [[nodiscard]] std::vector<Subject> pointless() const override { return inner.pointless(); }
    [[nodiscard]] bool finished() const override { return inner.finished(); }
    std::optional<Subject> run_again(std::uint32_t item) override {
      if (item != 41) return std::nullopt;
      inner.to_do.push_front(1);
      return 1;
    }
    ScriptedPlanForTests inner{{1, 2, 3}};
  };
  AgainPlanForTests plan;
  Scenario run(plan, 1);
  run.tell({ready(0)});
  EXPECT_EQ(run.tell({RunAgain{7}}), "") << "the plan does not want it";
  EXPECT_EQ(run.tell({ended(0, 1, exited(1)), RunAgain{41}}), "assign w0 s1 job2 try2, counted s1 job1, again s1");
  EXPECT_EQ(run.tell({ended(0, 2, exited(0))}), "assign w0 s2 job3, counted s1 job2");
  run.tell({Interrupted{}});
  EXPECT_EQ(run.tell({RunAgain{41}}), "") << "after the end there is none";
}

}  // namespace
}  // namespace nmz::dispatch
