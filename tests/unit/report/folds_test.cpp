// What reports make of a run's events.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/report/executions.hpp"
#include "nmz/report/suite_tally.hpp"

namespace nmz::report {
namespace {

using events::JobAssigned;
using events::JobEnded;
using events::Mark;
using events::PhaseStarted;
using events::WorkloadsListed;

/// A run of a suite, event by event.
class SuiteRun {
 public:
  explicit SuiteRun(std::size_t workloads, bool hunt = false) {
    WorkloadsListed listed;
    listed.workloads = workloads;
    listed.repeated = hunt;
    show(listed, 0);
  }
  void show(const events::Event& event, double now) {
    executions.show(event, events::Seconds{now});
    tally.show(event, events::Seconds{now});
  }
  /// One execution that takes a second from `now` on.
  void execute(const std::string& workload, Mark mark, job::Class outcome, double now) {
    JobAssigned assigned;
    assigned.job = job::JobId{++jobs_};
    assigned.worker = job::WorkerId{3};
    assigned.item = workload;
    show(assigned, now);
    end(workload, mark, outcome, now + 1);
  }
  /// Of the last one that was assigned.
  void end(const std::string& workload, Mark mark, job::Class outcome, double now) {
    JobEnded ended;
    ended.job = job::JobId{jobs_};
    ended.worker = job::WorkerId{3};
    ended.item = ended.workload = workload;
    ended.mark = mark;
    ended.outcome = outcome;
    ended.detail = "of " + std::to_string(jobs_);
    ended.took = events::Seconds{1};
    show(ended, now);
  }

  Executions executions;
  SuiteTally tally;

 private:
  std::uint64_t jobs_ = 0;
};

std::vector<Verdict> verdicts(const Executions& executions) {
  std::vector<Verdict> result;
  for (const Execution& one : executions.all()) result.push_back(one.verdict);
  return result;
}

std::vector<std::string> names(const std::vector<events::Failure>& failures) {
  std::vector<std::string> result;
  for (const events::Failure& one : failures) result.push_back(one.name);
  return result;
}

TEST(SuiteTallyTest, EveryWorkloadIsCountedOnce) {
  SuiteRun run{10};
  run.execute("a", Mark::passed, job::Class::passed, 1);
  run.execute("b", Mark::failed, job::Class::failed, 2);
  run.execute("c", Mark::timed_out, job::Class::timed_out, 3);
  run.execute("d", Mark::lost, job::Class::infrastructure, 4);
  run.execute("e", Mark::retried, job::Class::infrastructure, 5);
  run.execute("e", Mark::passed, job::Class::passed, 6);
  run.execute("f", Mark::retried, job::Class::failed, 7);
  run.execute("f", Mark::flaky, job::Class::passed, 8);
  run.execute("g", Mark::retried, job::Class::timed_out, 9);
  run.execute("g", Mark::cancelled, job::Class::infrastructure, 10);
  run.execute("h", Mark::cancelled, job::Class::infrastructure, 11);
  run.execute("i", Mark::skipped, job::Class::untestable, 9);
  events::SuiteCounts expected;
  expected.passed = 2;
  expected.failed = 1;
  expected.timed_out = 2;  // g was to be run again, and never was
  expected.lost = 1;
  expected.flaky = 1;
  expected.cancelled = 1;
  expected.not_run = 1;
  expected.skipped = 1;
  EXPECT_TRUE(run.tally.counts() == expected);
  EXPECT_THAT(names(run.tally.failures()), testing::ElementsAre("b", "c", "d", "g"));
  ASSERT_THAT(names(run.tally.flaky()), testing::ElementsAre("f"));
  EXPECT_EQ(run.tally.flaky()[0].detail, "of 7") << "its last failure";
  EXPECT_EQ(run.tally.durations().size(), 6U);
  EXPECT_DOUBLE_EQ(run.tally.makespan().count(), 9);
}

TEST(SuiteTallyTest, ACopyThatIsCancelledIsNoCancelledWorkload) {
  SuiteRun run{2};
  run.execute("a", Mark::passed, job::Class::passed, 1);
  run.execute("a", Mark::cancelled, job::Class::infrastructure, 1);
  run.execute("b", Mark::cancelled, job::Class::infrastructure, 1);
  run.execute("b", Mark::failed, job::Class::failed, 1);
  EXPECT_EQ(run.tally.counts().cancelled, 0U);
  EXPECT_EQ(run.tally.counts().all(), 2U);
}

TEST(SuiteTallyTest, AWorkloadOfAHuntThatFailsSometimesIsFlaky) {
  SuiteRun run{6, true};
  for (const Mark mark : {Mark::passed, Mark::failed, Mark::passed}) run.execute("a", mark, job::Class::passed, 1);
  for (const Mark mark : {Mark::passed, Mark::lost}) run.execute("b", mark, job::Class::passed, 1);
  for (const Mark mark : {Mark::timed_out, Mark::failed}) run.execute("c", mark, job::Class::passed, 1);
  run.execute("d", Mark::lost, job::Class::infrastructure, 1);
  run.execute("e", Mark::skipped, job::Class::untestable, 1);
  events::SuiteCounts expected;
  expected.flaky = expected.passed = expected.failed = expected.lost = expected.not_run = expected.skipped = 1;
  EXPECT_TRUE(run.tally.counts() == expected);
  EXPECT_THAT(run.tally.failures(), testing::IsEmpty());
}

TEST(SuiteTallyTest, TheMakingOfTheListIsNoWorkload) {
  SuiteRun run{1};
  run.end("", Mark::retried, job::Class::infrastructure, 1);
  EXPECT_EQ(run.tally.counts().not_run, 1U);
  EXPECT_THAT(run.executions.all(), testing::IsEmpty());
}

TEST(ExecutionsTest, AreToldWithWhatHappenedInThem) {
  SuiteRun run{5};
  run.show(events::WorkerReady{job::WorkerId{3}, "node-7"}, 0);
  run.execute("a", Mark::retried, job::Class::infrastructure, 1);
  run.execute("a", Mark::retried, job::Class::failed, 2);
  run.execute("a", Mark::flaky, job::Class::passed, 3);
  run.execute("b", Mark::late, job::Class::passed, 4);
  run.execute("c", Mark::failed, job::Class::untestable, 5);
  EXPECT_THAT(verdicts(run.executions), testing::ElementsAre(Verdict::lost, Verdict::failed, Verdict::passed,
                                                             Verdict::cancelled, Verdict::failed));
  const Execution& first = run.executions.all().front();
  EXPECT_EQ(first.node, "node-7");
  EXPECT_EQ(first.worker, 3U);
  EXPECT_DOUBLE_EQ(first.start.count(), 1);
}

TEST(ExecutionsTest, WhatOnlyAsksWhyIsNoAttempt) {
  SuiteRun run{2};
  run.execute("a", Mark::failed, job::Class::failed, 1);
  run.execute("a", Mark::repeated, job::Class::passed, 2);
  run.execute("b", Mark::passed, job::Class::passed, 3);
  run.execute("b", Mark::repeated, job::Class::failed, 4);
  EXPECT_EQ(run.tally.counts().failed, 1U);
  EXPECT_EQ(run.tally.counts().passed, 1U);
  const auto cases = test_cases(run.executions.all());
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[0].verdict(), Verdict::failed);
  EXPECT_EQ(cases[1].verdict(), Verdict::passed);
  events::ClassifiedTest known;
  known.name = "a";
  known.kind = "flaky";
  run.executions.classified({known});
  EXPECT_EQ(run.executions.all()[0].properties.at(0), (std::pair<std::string, std::string>{"nmz.kind", "flaky"}));
  EXPECT_TRUE(run.executions.all()[2].properties.empty());
}

TEST(ExecutionsTest, BeginWhenTheirCommandBegins) {
  SuiteRun run{1};
  JobAssigned assigned;
  assigned.job = job::JobId{1};
  run.show(assigned, 1);
  PhaseStarted started;
  started.job = job::JobId{1};
  run.show(started, 5);
  JobEnded ended;
  ended.job = job::JobId{1};
  ended.workload = "a";
  run.show(ended, 7);
  run.show(ended, 8);  // told twice
  ASSERT_EQ(run.executions.all().size(), 1U);
  EXPECT_DOUBLE_EQ(run.executions.all()[0].start.count(), 5);
  EXPECT_DOUBLE_EQ(run.executions.all()[0].took.count(), 2) << "where nobody measured it";
}

TEST(ExecutionsTest, WhatIsReturnedIsNone) {
  SuiteRun run{1};
  JobAssigned assigned;
  assigned.job = job::JobId{1};
  run.show(assigned, 1);
  run.show(events::JobReturned{job::WorkerId{0}, job::JobId{1}}, 2);
  JobEnded ended;
  ended.job = job::JobId{1};
  run.show(ended, 3);
  EXPECT_THAT(run.executions.all(), testing::IsEmpty());
}

TEST(SuiteTallyTest, WhatIsTakenBackCountsOnceItEndsAnew) {
  for (const bool ends : {true, false}) {
    SuiteRun run{2};
    run.execute("a", Mark::failed, job::Class::failed, 0);
    run.execute("b", Mark::timed_out, job::Class::timed_out, 0);
    run.show(events::RunsAgain{"a", "a", Mark::failed, 1, 1}, 2);
    run.show(events::RunsAgain{"b", "b", Mark::timed_out, 1, 2}, 2);
    if (ends) {
      run.execute("a", Mark::flaky, job::Class::passed, 3);
      run.execute("b", Mark::failed, job::Class::failed, 3);
    }
    const events::SuiteCounts counts = run.tally.counts();
    EXPECT_EQ(counts.all(), 2);
    EXPECT_EQ(counts.flaky, ends ? 1 : 0);
    EXPECT_EQ(counts.failed, 1);
    EXPECT_EQ(counts.timed_out, ends ? 0 : 1) << "the run has ended before: its failure stands";
    EXPECT_THAT(run.tally.failures(), testing::SizeIs(ends ? 1 : 2));
  }
}

}  // namespace
}  // namespace nmz::report
