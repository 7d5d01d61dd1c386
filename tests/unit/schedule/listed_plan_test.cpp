#include "nmz/schedule/listed_plan.hpp"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/schedule/batch_plan.hpp"

namespace nmz::schedule {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

job::Outcome exited(std::int32_t code) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = code;
  return outcome;
}

std::unique_ptr<WorkloadPlan> batches(std::size_t workloads) {
  return std::make_unique<BatchPlan>(std::vector<Expectation>(workloads), BatchOptions());
}

/// A list of `workloads` when the listing job exits with 0, and none else.
ListedPlan plan_of(std::size_t workloads) {
  return ListedPlan{
      [workloads](const job::Outcome& outcome) { return outcome.code == 0 ? batches(workloads) : nullptr; }};
}

TEST(ListedPlanTest, TheListingJobRunsAloneAndThenTheWorkloads) {
  ListedPlan plan = plan_of(3);
  EXPECT_THAT(plan.next(0), IsEmpty());
  EXPECT_THAT(plan.next(5), ElementsAre(listing));
  EXPECT_THAT(plan.next(5), IsEmpty());
  EXPECT_FALSE(plan.finished());
  EXPECT_THAT(plan.pointless(), IsEmpty());
  EXPECT_EQ(plan.batches(), nullptr);
  plan.record(listing, exited(0));
  ASSERT_NE(plan.batches(), nullptr);
  EXPECT_THAT(plan.next(2), ElementsAre(0U, 1U));
  plan.record(0, exited(0));
  plan.give_back(1);
  EXPECT_THAT(plan.next(5), ElementsAre(1U, 2U));
  plan.record(1, exited(1));
  EXPECT_FALSE(plan.finished());
  plan.record(2, exited(0));
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.batches()->done(), 3U);
}

TEST(ListedPlanTest, AListingJobThatIsGivenBackRunsAgain) {
  ListedPlan plan = plan_of(1);
  ASSERT_THAT(plan.next(1), ElementsAre(listing));
  plan.give_back(listing);
  EXPECT_FALSE(plan.finished());
  EXPECT_THAT(plan.next(1), ElementsAre(listing));
}

TEST(ListedPlanTest, WithoutAListTheRunIsFinished) {
  ListedPlan plan = plan_of(1);
  ASSERT_THAT(plan.next(1), ElementsAre(listing));
  plan.record(listing, exited(3));
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.next(1), IsEmpty());
  EXPECT_THAT(plan.pointless(), IsEmpty());
}

TEST(ListedPlanTest, AnEmptyListIsFinished) {
  ListedPlan plan = plan_of(0);
  ASSERT_THAT(plan.next(1), ElementsAre(listing));
  plan.record(listing, exited(0));
  EXPECT_TRUE(plan.finished());
}

TEST(ListedPlanTest, AListThatIsThereNeedsNoListingJob) {
  ListedPlan plan{batches(2)};
  EXPECT_THAT(plan.next(5), ElementsAre(0U, 1U));
}

TEST(ListedPlanTest, RunningWorkloadsArePointlessAfterTheLastFailureAllowed) {
  BatchOptions options;
  options.failures_to_stop = 1;
  ListedPlan plan{std::make_unique<BatchPlan>(std::vector<Expectation>(3), options)};
  ASSERT_THAT(plan.next(2), ElementsAre(0U, 1U));
  plan.record(0, exited(1));
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.pointless(), ElementsAre(1U));
}

}  // namespace
}  // namespace nmz::schedule
