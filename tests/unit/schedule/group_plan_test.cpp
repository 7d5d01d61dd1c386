#include "nmz/schedule/group_plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::schedule {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

job::Outcome exited(std::int32_t code) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = code;
  return outcome;
}

std::vector<Answer> all_pass(std::size_t size) { return std::vector<Answer>(size, Answer{Said::passed, 0ns}); }

/// Groups as they are handed out one by one, each passing.
std::vector<std::vector<Workload>> groups_of(GroupPlan& plan) {
  std::vector<std::vector<Workload>> groups;
  while (!plan.finished()) {
    const auto subjects = plan.next(1);
    if (subjects.empty()) break;
    const auto tests = plan.workloads(subjects[0]);
    groups.emplace_back(tests.begin(), tests.end());
    plan.record(subjects[0], exited(0));
  }
  return groups;
}

struct Passing {
  explicit Passing(const std::vector<Expectation>& expected, const GroupOptions& options)
      : plan{expected, options, [this](dispatch::Subject subject, const job::Outcome&) {
               return all_pass(plan.workloads(subject).size());
             }} {}
  GroupPlan plan;
};

TEST(GroupPlanTest, GroupsBecomeSmallerAndKeepTheOrderOfTheList) {
  GroupOptions options;
  options.workers = 2;
  Passing it{std::vector<Expectation>(100), options};
  const auto groups = groups_of(it.plan);
  std::vector<Workload> order;
  for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  std::vector<Workload> list(100);
  std::iota(list.begin(), list.end(), Workload{0});
  EXPECT_EQ(order, list);
  EXPECT_EQ(groups.front().size(), 20);  // 0.4 of half of it
  EXPECT_LE(groups.back().size(), 6);
  for (std::size_t i = 1; i < groups.size(); ++i) EXPECT_LE(groups[i].size(), groups[i - 1].size());
}

TEST(GroupPlanTest, LongTestsRunAloneAndFirst) {
  std::vector<Expectation> expected(50, 100ms);
  expected[10] = 3s;
  expected[20] = 5s;
  GroupOptions options;
  options.workers = 2;
  options.start = 200ms;
  Passing it{expected, options};
  const auto groups = groups_of(it.plan);
  EXPECT_THAT(groups[0], ElementsAre(20));
  EXPECT_THAT(groups[1], ElementsAre(10));
  EXPECT_GT(groups[2].size(), 5);
}

TEST(GroupPlanTest, NoWaveIsCheaperThanItsStarts) {
  GroupOptions options;
  options.workers = 2;
  options.start = 2s;
  Passing dear{std::vector<Expectation>(100, 100ms), options};
  EXPECT_EQ(groups_of(dear.plan).size(), 2);  // a second wave of 0.6 s each would cost 2 s
  options.start = 200ms;
  Passing cheap{std::vector<Expectation>(100, 100ms), options};
  EXPECT_GT(groups_of(cheap.plan).size(), 3);
}

TEST(GroupPlanTest, WhatTheFirstGroupsTookStandsForTheRest) {
  GroupOptions options;
  options.workers = 2;
  GroupPlan* plan = nullptr;
  GroupPlan made{std::vector<Expectation>(100), options, [&](dispatch::Subject subject, const job::Outcome&) {
                   plan->learn_start(1s);
                   return std::vector<Answer>(plan->workloads(subject).size(), Answer{Said::passed, 1ms});
                 }};
  plan = &made;
  const auto groups = groups_of(made);
  EXPECT_EQ(groups[0].size(), 20);
  EXPECT_LE(groups.size(), 4);  // 80 ms of tests are worth no further wave
}

TEST(GroupPlanTest, TestsOfDifferentUnitsShareNoProcess) {
  GroupOptions options;
  options.workers = 1;
  options.units = {0, 0, 0, 1, 1, 2};
  Passing it{std::vector<Expectation>(6, 1ms), options};
  for (const auto& group : groups_of(it.plan)) {
    for (const Workload test : group) EXPECT_EQ(options.units[test], options.units[group.front()]);
  }
}

TEST(GroupPlanTest, ATestThatSaysNothingIsFoundByHalves) {
  constexpr Workload silent = 5;
  std::size_t executions = 0;
  GroupOptions options;
  options.workers = 1;
  std::map<dispatch::Subject, std::vector<Workload>> ran;
  GroupPlan* plan = nullptr;
  GroupPlan made{std::vector<Expectation>(16, 1ms), options, [&](dispatch::Subject subject, const job::Outcome&) {
                   ++executions;
                   const auto tests = plan->workloads(subject);
                   const bool dies = std::ranges::find(tests, silent) != tests.end();
                   if (dies && tests.size() == 1) return std::vector<Answer>{{Said::failed, 0ns}};
                   return std::vector<Answer>(tests.size(), Answer{dies ? Said::nothing : Said::passed, 0ns});
                 }};
  plan = &made;
  groups_of(made);
  EXPECT_TRUE(made.finished());
  EXPECT_EQ(made.failures_of(silent), 1);
  EXPECT_LE(executions, 16);
  for (Workload test = 0; test < 16; ++test) EXPECT_EQ(made.failures_of(test), test == silent ? 1 : 0) << test;
}

TEST(GroupPlanTest, WhatACrashLeftOutRunsAgainTogether) {
  GroupOptions options;
  options.start = 2ms;
  options.workers = 1;
  bool first = true;
  GroupPlan* plan = nullptr;
  GroupPlan made{std::vector<Expectation>(4, 1ms), options, [&](dispatch::Subject subject, const job::Outcome&) {
                   const std::size_t size = plan->workloads(subject).size();
                   if (!std::exchange(first, false)) return all_pass(size);
                   std::vector<Answer> answers(size, Answer{Said::nothing, 0ns});
                   answers[0].said = Said::failed;
                   return answers;
                 }};
  plan = &made;
  const auto before = made.next(1);
  const auto group = made.workloads(before[0]);
  const std::vector<Workload> rest{group.begin() + 1, group.end()};
  ASSERT_GT(rest.size(), 0);
  made.record(before[0], exited(139));
  const auto again = made.next(1);
  ASSERT_EQ(again.size(), 1);
  EXPECT_TRUE(std::ranges::equal(made.workloads(again[0]), rest));
}

TEST(GroupPlanTest, AFailureIsTriedAgainAloneAndLast) {
  GroupOptions options;
  options.workers = 1;
  options.retries = 1;
  GroupPlan* plan = nullptr;
  std::vector<std::vector<Workload>> ran;
  GroupPlan made{std::vector<Expectation>(4), options, [&](dispatch::Subject subject, const job::Outcome&) {
                   const auto tests = plan->workloads(subject);
                   ran.emplace_back(tests.begin(), tests.end());
                   std::vector<Answer> answers = all_pass(tests.size());
                   for (std::size_t i = 0; i < tests.size(); ++i) {
                     if (tests[i] == 0) answers[i].said = Said::failed;
                   }
                   return answers;
                 }};
  plan = &made;
  groups_of(made);
  EXPECT_THAT(ran.back(), ElementsAre(0));
  EXPECT_EQ(made.failures_of(0), 2);
  EXPECT_EQ(made.executions_of(0), 2);
}

TEST(GroupPlanTest, ALostGroupSettlesItsTests) {
  GroupOptions options;
  options.workers = 1;
  Passing it{std::vector<Expectation>(1), options};
  const auto subject = it.plan.next(1);
  it.plan.give_back(subject[0]);
  EXPECT_EQ(it.plan.next(1), subject);
  it.plan.record(subject[0], job::Outcome{});
  EXPECT_TRUE(it.plan.finished());
  EXPECT_THAT(it.plan.next(1), IsEmpty());
}

/// Whatever is answered, every test is settled once and the run ends.
TEST(GroupPlanTest, EveryRunEnds) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    const std::size_t size = random() % 60 + 1;
    std::vector<Expectation> expected(size);
    for (Expectation& one : expected) {
      if (random() % 2 == 0) one = std::chrono::milliseconds{random() % 5000};
    }
    GroupOptions options;
    options.workers = random() % 8 + 1;
    options.retries = static_cast<std::uint32_t>(random() % 3);
    options.start = std::chrono::milliseconds{random() % 1000};
    std::map<Workload, int> settled;
    GroupPlan* plan = nullptr;
    GroupPlan made{expected, options, [&](dispatch::Subject subject, const job::Outcome&) {
                     std::vector<Answer> answers;
                     for ([[maybe_unused]] const Workload test : plan->workloads(subject)) {
                       answers.push_back({static_cast<Said>(random() % 3), std::chrono::milliseconds{random() % 100}});
                     }
                     return answers;
                   }};
    plan = &made;
    std::size_t steps = 0;
    std::vector<dispatch::Subject> running;
    while (!made.finished() && ++steps < 5000) {
      for (const dispatch::Subject one : made.next(random() % 3)) running.push_back(one);
      if (running.empty()) continue;
      const std::size_t at = random() % running.size();
      if (random() % 10 == 0) {
        made.give_back(running[at]);
      } else {
        made.record(running[at], exited(static_cast<std::int32_t>(random() % 2)));
      }
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
    }
    EXPECT_TRUE(made.finished());
    EXPECT_EQ(made.done(), size);
  }
}

TEST(GroupPlanTest, ATestThatTheUserWantsAgainRunsAlone) {
  GroupPlan* plan = nullptr;
  Said third = Said::failed;
  GroupOptions options;
  options.workers = 2;
  GroupPlan made{std::vector<Expectation>(8), options, [&](dispatch::Subject subject, const job::Outcome&) {
                   const auto tests = plan->workloads(subject);
                   std::vector<Answer> answers = all_pass(tests.size());
                   for (std::size_t i = 0; i < tests.size(); ++i) {
                     if (tests[i] == 0) answers[i].said = third;
                   }
                   return answers;
                 }};
  plan = &made;
  const auto first = made.next(1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(made.run_again(0), std::nullopt) << "it runs";
  made.record(first[0], exited(1));
  const std::size_t done = made.done();
  EXPECT_EQ(made.run_again(1), std::nullopt) << "it has passed";
  const auto again = made.run_again(0);
  ASSERT_TRUE(again);
  EXPECT_EQ(made.done(), done - 1);
  third = Said::passed;
  ASSERT_THAT(made.next(1), ElementsAre(*again));
  EXPECT_THAT(made.workloads(*again), ElementsAre(0U));
  made.record(*again, exited(0));
  EXPECT_EQ(made.done(), done);
  EXPECT_EQ(made.failures_of(0), 1U) << "it is flaky";
}

}  // namespace
}  // namespace nmz::schedule
