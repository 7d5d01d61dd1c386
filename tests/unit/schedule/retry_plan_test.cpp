// Failures that are tried again: what counts, how often, and when.
#include "nmz/schedule/retry_plan.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/schedule/batch_plan.hpp"

namespace nmz::schedule {
namespace {

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
const job::Outcome timed_out = ended(job::OutcomeKind::timed_out);
const job::Outcome lost = ended(job::OutcomeKind::lost);

std::unique_ptr<BatchPlan> list_of(std::size_t workloads, std::size_t failures_to_stop = 0) {
  BatchOptions options;
  options.failures_to_stop = failures_to_stop;
  return std::make_unique<BatchPlan>(std::vector<Expectation>(workloads), options);
}

TEST(RetryPlanTest, AFailureRunsAgainAfterAllOthers) {
  RetryPlan plan(list_of(3), 2);
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(1));
  EXPECT_TRUE(plan.runs_again(0));
  EXPECT_EQ(plan.done(), 0U);
  EXPECT_THAT(plan.next(5), ElementsAre(1U, 2U, 0U));
  EXPECT_TRUE(plan.runs_again(0)) << "it runs";
  plan.record(0, exited(0));
  EXPECT_FALSE(plan.runs_again(0));
  EXPECT_EQ(plan.done(), 1U);
  EXPECT_EQ(plan.failures_before(0), 1U);
  EXPECT_EQ(plan.failures_before(1), 0U);
}

TEST(RetryPlanTest, TheLastFailureCounts) {
  auto inner = list_of(1);
  const BatchPlan& list = *inner;
  RetryPlan plan(std::move(inner), 2);
  for (const job::Outcome& outcome : {exited(1), timed_out, exited(3)}) {
    ASSERT_FALSE(plan.finished());
    ASSERT_THAT(plan.next(1), ElementsAre(0U));
    plan.record(0, outcome);
  }
  EXPECT_TRUE(plan.finished());
  EXPECT_FALSE(plan.runs_again(0));
  EXPECT_EQ(list.outcome(0), exited(3));
}

TEST(RetryPlanTest, WhatTheInfrastructureDidIsNotTriedAgain) {
  for (const job::Outcome& outcome : {lost, ended(job::OutcomeKind::signaled, SIGKILL)}) {
    RetryPlan plan(list_of(1), 2);
    ASSERT_THAT(plan.next(1), ElementsAre(0U));
    plan.record(0, outcome);
    EXPECT_TRUE(plan.finished());
  }
}

TEST(RetryPlanTest, ARetryThatComesBackIsTheSameRetry) {
  RetryPlan plan(list_of(1), 1);
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(1));
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.give_back(0);
  EXPECT_TRUE(plan.runs_again(0));
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(1));
  EXPECT_TRUE(plan.finished());
}

TEST(RetryPlanTest, WhatWaitsIsNotPointlessWhenTheRunEndsEarly) {
  RetryPlan plan(list_of(3, 1), 1);
  ASSERT_THAT(plan.next(3), ElementsAre(0U, 1U, 2U));
  plan.record(0, exited(1));
  plan.record(1, exited(1));
  EXPECT_FALSE(plan.finished()) << "no failure counts yet";
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(1));
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.pointless(), ElementsAre(2U));
  EXPECT_THAT(plan.next(2), IsEmpty());
}

/// A random run against what each workload would do, one execution after the other.
class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : random_{seed} {
    const std::size_t workloads = 1 + random_() % 12;
    for (std::size_t i = 0; i < workloads; ++i) {
      scripts_.emplace_back();
      for (std::uint32_t run = 0; run <= retries_; ++run) scripts_.back().push_back(any_outcome());
    }
    auto inner = list_of(workloads);
    list_ = inner.get();
    plan_ = std::make_unique<RetryPlan>(std::move(inner), retries_);
    executions_.resize(workloads);
  }

  void play() {
    std::vector<Subject> running;
    while (!plan_->finished()) {
      for (const Subject subject : plan_->next(random_() % 4)) {
        seen_.insert(subject);
        if (executions_[subject] > 0) {
          EXPECT_EQ(seen_.size(), scripts_.size()) << "a retry before the last new workload";
        }
        running.push_back(subject);
      }
      if (running.empty()) continue;
      const std::size_t which = random_() % running.size();
      const Subject subject = running[which];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      if (random_() % 5 == 0) {
        plan_->give_back(subject);
      } else {
        plan_->record(subject, scripts_[subject].at(executions_[subject]++));
      }
    }
    EXPECT_TRUE(running.empty());
  }

  void check() const {
    for (std::size_t i = 0; i < scripts_.size(); ++i) {
      const auto counts = std::ranges::find_if(scripts_[i], [&](const job::Outcome& outcome) {
        return outcome == exited(0) || outcome == lost || &outcome == &scripts_[i].back();
      });
      EXPECT_EQ(list_->outcome(static_cast<Workload>(i)), *counts);
      const auto failures = static_cast<std::size_t>(counts - scripts_[i].begin());
      EXPECT_EQ(executions_[i], failures + 1);
      EXPECT_EQ(plan_->failures_before(static_cast<Subject>(i)), failures);
    }
  }

 private:
  job::Outcome any_outcome() {
    switch (random_() % 4) {
      case 0:
        return exited(0);
      case 1:
        return lost;
      case 2:
        return timed_out;
      default:
        return exited(1);
    }
  }

  std::mt19937_64 random_;
  std::uint32_t retries_ = static_cast<std::uint32_t>(random_() % 4);
  std::vector<std::vector<job::Outcome>> scripts_;
  const BatchPlan* list_ = nullptr;
  std::unique_ptr<RetryPlan> plan_;
  std::vector<std::size_t> executions_;
  std::set<Subject> seen_;
};

TEST(RetryPlanTest, EveryWorkloadRunsUntilItsFirstOutcomeThatIsNoFailure) {
  for (std::uint64_t seed = 0; seed < 2000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed);
    run.play();
    run.check();
  }
}

TEST(RetryPlanTest, WhatTheUserWantsAgainHasItsRetriesAgain) {
  RetryPlan plan(list_of(2), 1);
  ASSERT_THAT(plan.next(2), ElementsAre(0U, 1U));
  plan.record(0, exited(1));
  EXPECT_EQ(plan.run_again(0), std::nullopt) << "it is run again already";
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(1));
  EXPECT_EQ(plan.done(), 1U);
  EXPECT_EQ(plan.run_again(1), std::nullopt) << "it runs";
  EXPECT_EQ(plan.run_again(9), std::nullopt) << "there is no such one";
  EXPECT_EQ(plan.run_again(0), std::optional{0U});
  EXPECT_EQ(plan.run_again(0), std::nullopt) << "once is enough";
  EXPECT_EQ(plan.done(), 0U);
  ASSERT_THAT(plan.next(2), ElementsAre(0U));
  plan.give_back(0);
  ASSERT_THAT(plan.next(2), ElementsAre(0U));
  plan.record(0, exited(1));
  EXPECT_TRUE(plan.runs_again(0));
  ASSERT_THAT(plan.next(1), ElementsAre(0U));
  plan.record(0, exited(0));
  EXPECT_GT(plan.failures_before(0), 0U) << "it is flaky";
  EXPECT_EQ(plan.run_again(0), std::nullopt) << "it has passed";
  plan.record(1, exited(1));
  ASSERT_THAT(plan.next(1), ElementsAre(1U));
  plan.record(1, exited(1));
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.run_again(1), std::nullopt) << "it is over";
}

}  // namespace
}  // namespace nmz::schedule
