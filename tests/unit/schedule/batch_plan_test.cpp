// What a plan of workloads hands out, and what outcomes and losses do to it.
#include "nmz/schedule/batch_plan.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::schedule {
namespace {

using namespace std::chrono_literals;
using dispatch::Subject;
using testing::ElementsAre;
using testing::IsEmpty;

job::Outcome ended(job::OutcomeKind kind, std::int32_t code = 0) {
  job::Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  return outcome;
}
job::Outcome exited(std::int32_t code) { return ended(job::OutcomeKind::exited, code); }
const job::Outcome lost = ended(job::OutcomeKind::lost);

std::vector<Workload> of(const BatchPlan& plan, Subject subject) {
  const auto span = plan.workloads(subject);
  return {span.begin(), span.end()};
}

/// Everything that is handed out until nothing more is, as batches.
std::vector<std::vector<Workload>> all(BatchPlan& plan) {
  std::vector<std::vector<Workload>> batches;
  for (std::vector<Subject> next = plan.next(1); !next.empty(); next = plan.next(1)) {
    batches.push_back(of(plan, next.front()));
  }
  return batches;
}

std::vector<Expectation> unknown(std::size_t count) { return std::vector<Expectation>(count); }

TEST(BatchPlanTest, AnEmptyListIsFinished) {
  BatchPlan plan({}, BatchOptions());
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.next(3), IsEmpty());
  EXPECT_EQ(plan.size(), 0U);
}

TEST(BatchPlanTest, TheLongestFirstAndTheUnknownAsTheMedian) {
  BatchPlan plan({1s, std::nullopt, 5s, 3s, std::nullopt, 4s, 2s}, BatchOptions());
  EXPECT_THAT(all(plan), ElementsAre(ElementsAre(2U), ElementsAre(5U), ElementsAre(1U), ElementsAre(3U),
                                     ElementsAre(4U), ElementsAre(6U), ElementsAre(0U)));
}

TEST(BatchPlanTest, WhatIsGivenBackComesBeforeAnythingNewUnderItsNumber) {
  BatchPlan plan(unknown(3), BatchOptions());
  ASSERT_THAT(plan.next(2), ElementsAre(0U, 1U));
  EXPECT_FALSE(plan.exhausted());
  plan.give_back(1);
  EXPECT_THAT(plan.next(2), ElementsAre(1U, 2U));
  EXPECT_TRUE(plan.exhausted());
  plan.record(0, exited(0));
  plan.record(1, lost);
  plan.record(2, exited(7));
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.outcome(1), lost);
  EXPECT_EQ(plan.failures(), 2U);
}

TEST(BatchPlanTest, WhatIsSaidTooLateIsIgnored) {
  BatchPlan plan(unknown(1), BatchOptions());
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.give_back(0);
  plan.record(0, exited(0));
  plan.give_back(0);
  EXPECT_EQ(plan.done(), 0U);
  EXPECT_THAT(plan.next(2), ElementsAre(0U)) << "and it is on the list only once";
}

TEST(BatchPlanTest, EnoughFailuresStopTheRun) {
  BatchOptions options;
  options.failures_to_stop = 2;
  BatchPlan plan(unknown(6), options);
  ASSERT_THAT(plan.next(4), ElementsAre(0U, 1U, 2U, 3U));
  plan.record(1, exited(1));
  EXPECT_FALSE(plan.finished());
  EXPECT_THAT(plan.pointless(), IsEmpty());
  plan.record(2, ended(job::OutcomeKind::timed_out));
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.pointless(), ElementsAre(0U, 3U));
  EXPECT_THAT(plan.next(4), IsEmpty());
  plan.record(0, exited(0));
  plan.give_back(3);
  EXPECT_EQ(plan.outcome(0), exited(0));
  EXPECT_EQ(plan.done(), 3U);
  EXPECT_THAT(plan.pointless(), IsEmpty());
}

TEST(BatchPlanTest, AChunkHasOneVerdict) {
  BatchOptions options;
  options.grouping = Grouping::chunks;
  options.workers = 3;
  BatchPlan plan(unknown(7), options);
  EXPECT_THAT(all(plan), ElementsAre(ElementsAre(0U, 1U), ElementsAre(2U, 3U), ElementsAre(4U, 5U, 6U)));
  plan.record(0, exited(1));
  plan.record(1, exited(0));
  EXPECT_EQ(plan.outcome(0), exited(1));
  EXPECT_EQ(plan.outcome(1), exited(1));
  EXPECT_EQ(plan.failures(), 2U);
  plan.give_back(2);
  EXPECT_THAT(all(plan), ElementsAre(ElementsAre(4U, 5U, 6U)));
  plan.record(2, lost);
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.outcome(6), lost);
}

TEST(BatchPlanTest, NoChunkIsEmpty) {
  BatchOptions options;
  options.grouping = Grouping::chunks;
  options.chunks = 5;
  BatchPlan plan(unknown(2), options);
  EXPECT_THAT(all(plan), ElementsAre(ElementsAre(0U), ElementsAre(1U)));
}

/// The formula as it was published, step by step.
TEST(ChunkBoundsTest, AreThePublishedOnes) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t chunks = 1; chunks < 45; ++chunks) {
      std::size_t begin = 0;
      for (std::size_t i = 0; i < chunks; ++i) {
        const std::size_t length = (size - begin) / (chunks - i);
        const ChunkBounds bounds = chunk_bounds(size, chunks, i);
        ASSERT_EQ(bounds.begin, begin) << size << " in " << chunks << ", " << i;
        ASSERT_EQ(bounds.end, begin + length) << size << " in " << chunks << ", " << i;
        begin += length;
      }
      ASSERT_EQ(begin, size);
    }
  }
  EXPECT_EQ(chunk_bounds(5, 0, 0).begin, 5U);
  EXPECT_EQ(chunk_bounds(5, 2, 2).end, 5U);
}

TEST(LowerBoundTest, IsTheShareOrTheLongest) {
  EXPECT_EQ(lower_bound({}, 3), 0s);
  EXPECT_EQ(lower_bound(std::vector<std::chrono::nanoseconds>{4s, 4s, 4s}, 2), 6s);
  EXPECT_EQ(lower_bound(std::vector<std::chrono::nanoseconds>{9s, 4s, 1s}, 3), 9s);
  EXPECT_EQ(lower_bound(std::vector<std::chrono::nanoseconds>{3s, 4s}, 0), 7s);
}

TEST(BatchPlanTest, WhatTheUserTakesOutIsNoFailureAndDoesNotComeAgain) {
  for (const job::OutcomeKind word : {job::OutcomeKind::cancelled, job::OutcomeKind::skipped}) {
    BatchOptions options;
    options.failures_to_stop = 1;
    BatchPlan plan(unknown(2), options);
    ASSERT_THAT(plan.next(1), ElementsAre(0U));
    plan.record(0, ended(word));
    EXPECT_EQ(plan.failures(), 0U);
    EXPECT_THAT(plan.next(2), ElementsAre(1U));
    plan.record(1, exited(0));
    EXPECT_TRUE(plan.finished());
  }
}

TEST(BatchPlanTest, AFailureIsTakenBack) {
  BatchOptions options;
  options.failures_to_stop = 2;
  BatchPlan plan(std::vector<Expectation>(3), options);
  job::Outcome failure;
  failure.kind = job::OutcomeKind::exited;
  failure.code = 1;
  ASSERT_EQ(plan.next(2).size(), 2U);
  plan.record(0, failure);
  EXPECT_EQ(plan.run_again(0), std::optional{0U});
  EXPECT_EQ(plan.failures(), 0U);
  EXPECT_EQ(plan.outcome(0), std::nullopt);
  EXPECT_FALSE(plan.exhausted());
  plan.record(1, failure);
  EXPECT_FALSE(plan.finished()) << "one failure is left of two";
  EXPECT_EQ(plan.next(1), std::vector<dispatch::Subject>{0}) << "before what is new";
  EXPECT_EQ(plan.failures_before(0), 1U);
  job::Outcome cancelled;
  cancelled.kind = job::OutcomeKind::cancelled;
  plan.record(0, cancelled);
  EXPECT_EQ(plan.run_again(0), std::optional{0U}) << "what the user has ended can be run after all";
  EXPECT_EQ(plan.failures_before(0), 1U) << "which was no failure";
}

TEST(BatchPlanTest, AChunkRunsAgainAsAWhole) {
  BatchOptions options;
  options.grouping = Grouping::chunks;
  options.chunks = 2;
  BatchPlan plan(std::vector<Expectation>(5), options);
  job::Outcome failure;
  failure.kind = job::OutcomeKind::exited;
  failure.code = 1;
  ASSERT_EQ(plan.next(2).size(), 2U);
  plan.record(1, failure);
  ASSERT_EQ(plan.done(), 3U);
  EXPECT_EQ(plan.run_again(4), std::optional{1U});
  EXPECT_EQ(plan.done(), 0U);
  EXPECT_EQ(plan.next(2), std::vector<dispatch::Subject>{1});
}

}  // namespace
}  // namespace nmz::schedule
