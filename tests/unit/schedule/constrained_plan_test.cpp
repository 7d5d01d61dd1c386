// Held against a check that knows nothing of the plan: it goes through all that runs, and all that waits.
#include "nmz/schedule/constrained_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/schedule/batch_plan.hpp"
#include "nmz/schedule/repeat_plan.hpp"
#include "nmz/schedule/retry_plan.hpp"

namespace nmz::schedule {
namespace {

using dispatch::Subject;

job::Outcome exited(int code) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = code;
  return outcome;
}

Constraints random_constraints(std::mt19937_64& random, std::size_t size) {
  Constraints result;
  const std::size_t resources = random() % 4;
  for (std::size_t i = 0; i < resources; ++i) result.slots.push_back(static_cast<std::uint32_t>(1 + random() % 3));
  const std::uint64_t rare = 2 + random() % 20;
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<std::uint32_t> needs;
    for (std::uint32_t one = 0; one < resources; ++one) {
      if (random() % 3 == 0) needs.push_back(one);
    }
    result.needs.push_back(std::move(needs));
    result.exclusive.push_back(random() % rare == 0);
  }
  return result;
}

/// Whether these may all run at one time.
bool may_be_together(const Constraints& rules, const std::vector<Workload>& workloads) {
  std::vector<std::uint32_t> used(rules.slots.size());
  for (const Workload one : workloads) {
    if (rules.exclusive[one] && workloads.size() > 1) return false;
    for (const std::uint32_t resource : rules.needs[one]) {
      if (++used[resource] > rules.slots[resource]) return false;
    }
  }
  return true;
}

/// A plan under random workers.
struct Workers {
  Workers(ConstrainedPlan& plan_in, Constraints rules_in, std::size_t count_in)
      : plan{plan_in}, rules{std::move(rules_in)}, count{count_in} {}

  std::vector<Workload> beside(std::optional<Workload> another = std::nullopt) const {
    std::vector<Workload> all;
    for (const Subject one : running) all.push_back(plan.workloads(one).front());
    if (another) all.push_back(*another);
    return all;
  }
  void fill() {
    for (const Subject one : plan.next(count - running.size())) {
      ASSERT_TRUE(running.insert(one).second) << "handed out twice";
      ++started[plan.workloads(one).front()];
    }
    ASSERT_TRUE(may_be_together(rules, beside()));
    ASSERT_TRUE(!running.empty() || plan.finished()) << "nothing runs, and nothing ever will";
  }
  /// One ends.
  void end_one(std::mt19937_64& random, int code) {
    const auto one = std::next(running.begin(), static_cast<std::ptrdiff_t>(random() % running.size()));
    const Subject subject = *one;
    running.erase(one);
    if (random() % 10 == 0) {
      --started[plan.workloads(subject).front()];
      plan.give_back(subject);
    } else {
      plan.record(subject, exited(code));
    }
  }

  ConstrainedPlan& plan;
  Constraints rules;
  std::size_t count;
  std::set<Subject> running;
  std::map<Workload, std::uint64_t> started;
};

TEST(ConstrainedPlanTest, EverythingRunsOnceAndNothingBesideWhatItMayNotMeet) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const std::size_t size = 1 + random() % 30;
    const Constraints rules = random_constraints(random, size);
    BatchOptions options;
    ConstrainedPlan plan{std::make_unique<BatchPlan>(std::vector<Expectation>(size), options), rules};
    Workers run{plan, rules, 1 + random() % 8};
    while (!plan.finished()) {
      run.fill();
      if (testing::Test::HasFatalFailure()) return;
      for (Workload one = 0; one < size && run.running.size() < run.count; ++one) {
        const bool could = run.started[one] == 0 && may_be_together(rules, run.beside(one));
        ASSERT_FALSE(could) << one << " could run, and a worker waits";
      }
      if (!run.running.empty()) run.end_one(random, 0);
    }
    for (Workload one = 0; one < size; ++one) EXPECT_EQ(run.started[one], 1U);
    EXPECT_TRUE(plan.exhausted());
  }
}

TEST(ConstrainedPlanTest, WhatIsTriedAgainKeepsTheRules) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const std::size_t size = 1 + random() % 20;
    const Constraints rules = random_constraints(random, size);
    ConstrainedPlan plan{
        std::make_unique<RetryPlan>(std::make_unique<BatchPlan>(std::vector<Expectation>(size), BatchOptions{}), 2),
        rules};
    Workers run{plan, rules, 1 + random() % 8};
    while (!plan.finished()) {
      run.fill();
      if (testing::Test::HasFatalFailure()) return;
      if (!run.running.empty()) run.end_one(random, static_cast<int>(random() % 2));
    }
    EXPECT_EQ(plan.done(), size);
  }
}

TEST(ConstrainedPlanTest, InAHuntNothingStarves) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const std::size_t size = 1 + random() % 12;
    const Constraints rules = random_constraints(random, size);
    ConstrainedPlan plan{std::make_unique<RepeatPlan>(size, RepeatOptions{}), rules};
    Workers run{plan, rules, 1 + random() % 8};
    for (std::size_t ends = 0; ends < 100 * size; ++ends) {
      run.fill();
      if (testing::Test::HasFatalFailure()) return;
      run.end_one(random, 0);
    }
    for (Workload one = 0; one < size; ++one) EXPECT_GE(run.started[one], 10U);
  }
}

TEST(ConstrainedPlanTest, WhatIsHeldIsNotBegunWhenTheTimeIsUp) {
  RepeatOptions options;
  options.time = std::chrono::seconds{1};
  auto repeat = std::make_unique<RepeatPlan>(2, options);
  RepeatPlan& hunt = *repeat;
  Constraints rules;
  rules.needs.resize(2);
  rules.exclusive = {true, true};
  ConstrainedPlan plan{std::move(repeat), rules};
  const auto first = plan.next(4);
  ASSERT_EQ(first.size(), 1U);
  hunt.tell_time(std::chrono::seconds{2});
  EXPECT_TRUE(plan.exhausted());
  plan.record(first.front(), exited(0));
  EXPECT_THAT(plan.next(4), testing::IsEmpty());
  EXPECT_TRUE(plan.finished());
}

TEST(ConstrainedPlanTest, WhatIsHeldIsNoRunningSubjectToCancel) {
  BatchOptions options;
  options.failures_to_stop = 1;
  Constraints rules;
  rules.slots = {1};
  rules.needs = {{0}, {0}, {}};
  rules.exclusive = {false, false, false};
  ConstrainedPlan plan{std::make_unique<BatchPlan>(std::vector<Expectation>(3), options), rules};
  EXPECT_THAT(plan.next(3), testing::ElementsAre(0, 2));
  plan.record(0, exited(1));
  EXPECT_THAT(plan.pointless(), testing::ElementsAre(2));
}

}  // namespace
}  // namespace nmz::schedule
