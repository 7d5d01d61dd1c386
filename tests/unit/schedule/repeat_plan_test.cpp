// Hunts: which runs there are, and when they are over.
#include "nmz/schedule/repeat_plan.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
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
const job::Outcome passed = ended(job::OutcomeKind::exited);
const job::Outcome failed = ended(job::OutcomeKind::exited, 1);
const job::Outcome lost = ended(job::OutcomeKind::lost);

RepeatOptions runs(std::uint64_t count) {
  RepeatOptions options;
  options.runs = count;
  return options;
}

std::vector<Workload> of(const RepeatPlan& plan, const std::vector<Subject>& subjects) {
  std::vector<Workload> workloads;
  for (const Subject subject : subjects) workloads.push_back(plan.workloads(subject).front());
  return workloads;
}

TEST(RepeatPlanTest, RunsGoRoundTheList) {
  RepeatPlan plan(3, runs(2));
  const auto handed_out = plan.next(10);
  EXPECT_THAT(of(plan, handed_out), ElementsAre(0U, 1U, 2U, 0U, 1U, 2U));
  EXPECT_EQ(plan.number(0), 1U);
  EXPECT_EQ(plan.number(4), 2U);
  for (const Subject subject : handed_out) {
    EXPECT_FALSE(plan.finished());
    plan.record(subject, passed);
  }
  EXPECT_TRUE(plan.finished());
}

TEST(RepeatPlanTest, TheLastFailureThatIsWantedEndsTheHuntAtOnce) {
  RepeatOptions options;
  options.failures_to_stop = 2;
  RepeatPlan plan(1, options);
  ASSERT_THAT(plan.next(4), ElementsAre(0U, 1U, 2U, 3U));
  plan.record(1, failed);
  EXPECT_FALSE(plan.finished());
  plan.record(2, failed);
  EXPECT_TRUE(plan.finished());
  EXPECT_THAT(plan.pointless(), ElementsAre(0U, 3U));
  EXPECT_THAT(plan.next(1), IsEmpty());
}

TEST(RepeatPlanTest, WhenTheTimeIsUpWhatRunsIsWaitedFor) {
  RepeatOptions options;
  options.time = 10s;
  RepeatPlan plan(1, options);
  ASSERT_THAT(plan.next(2), ElementsAre(0U, 1U));
  plan.tell_time(9s);
  plan.record(0, passed);
  ASSERT_THAT(plan.next(1), ElementsAre(2U));
  plan.tell_time(10s);
  plan.record(1, passed);
  EXPECT_THAT(plan.next(1), IsEmpty());
  EXPECT_FALSE(plan.finished());
  EXPECT_THAT(plan.pointless(), IsEmpty());
  plan.record(2, passed);
  EXPECT_TRUE(plan.finished());
}

TEST(RepeatPlanTest, AWorkloadThatIsKnownWellRunsNoMore) {
  RepeatOptions options;
  options.enough = [](std::uint64_t failures, std::uint64_t count) { return failures > 0 || count == 3; };
  RepeatPlan plan(2, options);
  ASSERT_THAT(of(plan, plan.next(1)), ElementsAre(0U));
  plan.record(0, failed);
  EXPECT_EQ(plan.done(), 1U);
  for (Subject run = 1; run <= 3; ++run) {
    ASSERT_THAT(of(plan, plan.next(1)), ElementsAre(1U));
    plan.record(run, passed);
  }
  EXPECT_TRUE(plan.finished());
}

TEST(RepeatPlanTest, LostRunsAreNoFailuresAndEndAtLast) {
  RepeatOptions options;
  options.failures_to_stop = 1;
  options.most_lost = 3;
  RepeatPlan plan(1, options);
  for (Subject run = 0; run < 3; ++run) {
    ASSERT_THAT(plan.next(1), ElementsAre(run));
    plan.record(run, lost);
  }
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.tally(0).lost, 3U);
  EXPECT_EQ(plan.tally(0).runs, 0U);
}

TEST(RepeatPlanTest, SeedsAreDifferentAndTheFirstIsTheHuntsOwn) {
  EXPECT_EQ(run_seed(77, 1), 77U);
  EXPECT_EQ(run_seed(77, 2), run_seed(77, 2));
  std::set<std::uint64_t> seeds;
  for (std::uint64_t run = 1; run <= 1000; ++run) seeds.insert(run_seed(7, run));
  EXPECT_EQ(seeds.size(), 1000U);
  EXPECT_LT(*seeds.rbegin(), std::uint64_t{1} << 32);
}

/// Whatever happens on the way: each workload gets its runs, and each run one outcome.
TEST(RepeatPlanTest, EveryRunCountsOnceWhateverIsGivenBack) {
  for (std::uint64_t seed = 0; seed < 500 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const std::size_t workloads = 1 + random() % 6;
    const std::uint64_t wanted = 1 + random() % 20;
    RepeatPlan plan(workloads, runs(wanted));
    std::vector<Subject> running;
    std::map<Workload, Tally> expected;
    std::set<std::pair<Workload, std::uint64_t>> recorded;
    while (!plan.finished()) {
      for (const Subject subject : plan.next(random() % 5)) running.push_back(subject);
      if (running.empty()) continue;
      std::swap(running[random() % running.size()], running.back());
      const Subject subject = running.back();
      running.pop_back();
      const Workload workload = plan.workloads(subject).front();
      if (random() % 4 == 0) {
        plan.give_back(subject);
        continue;
      }
      const bool fails = random() % 3 == 0;
      EXPECT_TRUE(recorded.emplace(workload, plan.number(subject)).second);
      plan.record(subject, fails ? failed : passed);
      ++expected[workload].runs;
      expected[workload].failures += fails ? 1U : 0U;
    }
    EXPECT_TRUE(running.empty());
    for (Workload workload = 0; workload < workloads; ++workload) {
      EXPECT_EQ(plan.tally(workload).runs, wanted);
      EXPECT_EQ(plan.tally(workload).failures, expected[workload].failures);
    }
  }
}

TEST(RepeatPlanTest, ARunThatTheUserTakesOutIsNotLost) {
  RepeatPlan plan(1, runs(2));
  plan.record(plan.next(1).front(), ended(job::OutcomeKind::cancelled));
  plan.record(plan.next(1).front(), passed);
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.tally(0).lost, 0U);
  EXPECT_EQ(plan.tally(0).runs, 1U);
}

}  // namespace
}  // namespace nmz::schedule
