// Which executions are asked for when tests have failed, on workers that are played here.
#include "nmz/schedule/classify_plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/schedule/batch_plan.hpp"

namespace nmz::schedule {
namespace {

using dispatch::Subject;
using testing::IsEmpty;

job::Outcome ended(std::int32_t code, job::OutcomeKind kind = job::OutcomeKind::exited) {
  job::Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  return outcome;
}

/// Five workloads on some workers. Those that fail are asked about.
class ClassifyPlanTest : public testing::Test {
 protected:
  /// Whether an execution fails; `others`: something ran beside it.
  using Fails = std::function<bool(Workload, const ClassifyPlan::Experiment*, bool others)>;

  void make(std::size_t workers, std::vector<FailedTest> failed, ClassifyOptions options = {}) {
    BatchOptions batches;
    batches.workers = workers;
    options.workers = workers;
    const auto neighbours = [failed] {
      std::vector<Workload> all{0, 1, 2, 3, 4};
      for (const FailedTest& one : failed) std::erase(all, one.workload);
      return all;
    };
    plan = std::make_unique<ClassifyPlan>(
        std::make_unique<BatchPlan>(std::vector<Expectation>(5), batches), options, [failed] { return failed; },
        neighbours,
        [](Subject, const job::Outcome& outcome) -> std::optional<Seen> {
          return job::passed(outcome) ? Seen::passed : Seen::failed;
        });
  }

  /// Until nothing is handed out any more. Checks what runs beside what.
  void run(std::size_t workers, const Fails& fails) {
    std::vector<Subject> running;
    while (!plan->finished()) {
      ASSERT_LT(executions.size(), 1000U);
      for (const Subject subject : plan->next(workers - running.size())) running.push_back(subject);
      if (plan->finished()) break;
      ASSERT_THAT(running, testing::Not(IsEmpty())) << "it has nothing to do and is not finished";
      for (const Subject subject : running) {
        const auto* const it = plan->experiment(subject);
        const bool alone = it != nullptr && it->setting != Setting::beside;
        const bool beside = it != nullptr && it->setting == Setting::beside && !it->neighbour;
        EXPECT_TRUE(!alone || running.size() == 1);
        EXPECT_TRUE(!beside || running.size() > 1);
      }
      const auto pointless = plan->pointless();
      for (const Subject subject : pointless) {
        plan->give_back(subject);
        std::erase(running, subject);
      }
      if (running.empty()) continue;
      const Subject first = running.front();
      const auto* const it = plan->experiment(first);
      executions.push_back(it == nullptr ? ClassifyPlan::Experiment{} : *it);
      const bool failed = fails(plan->workloads(first).front(), it, running.size() > 1);
      running.erase(running.begin());
      plan->record(first, ended(failed ? 1 : 0));
    }
    EXPECT_THAT(running, IsEmpty());
    EXPECT_THAT(plan->next(workers), IsEmpty());
  }

  static FailedTest failed(Workload workload, std::vector<Workload> before = {}) {
    FailedTest test;
    test.workload = workload;
    test.before = std::move(before);
    return test;
  }

  std::unique_ptr<ClassifyPlan> plan;
  std::vector<ClassifyPlan::Experiment> executions;
};

TEST_F(ClassifyPlanTest, WithoutAFailureNothingRunsAgain) {
  make(2, {});
  run(2, [](auto, auto, bool) { return false; });
  EXPECT_EQ(executions.size(), 5U);
  EXPECT_EQ(plan->done(), 5U);
}

TEST_F(ClassifyPlanTest, FailuresOfSeveralKindsAreToldApart) {
  for (const std::size_t workers : {2U, 3U, 8U}) {
    executions.clear();
    make(workers, {failed(0), failed(1), failed(2, {1}), failed(3)});
    run(workers, [](Workload workload, const ClassifyPlan::Experiment* experiment, bool others) {
      if (experiment == nullptr) return workload < 4;
      if (workload == 0) return true;
      if (workload == 1) return others;
      if (workload == 2) return experiment->setting == Setting::after;
      return experiment->number % 2 == 0;
    });
    const auto kind = [this](std::size_t i) { return plan->asked().at(i).diagnosis.kind(); };
    EXPECT_EQ(kind(0), FailureKind::genuine);
    EXPECT_EQ(kind(1), FailureKind::contention);
    EXPECT_EQ(kind(2), FailureKind::order_dependent);
    EXPECT_EQ(kind(3), FailureKind::flaky);
    for (const auto& one : executions) {
      EXPECT_EQ(one.before, one.setting == Setting::after ? std::vector<Workload>{1} : std::vector<Workload>{});
    }
  }
}

TEST_F(ClassifyPlanTest, OnOneWorkerNothingIsTriedBesideOthers) {
  make(1, {failed(0)});
  run(1, [](Workload workload, auto, bool) { return workload == 0; });
  EXPECT_EQ(plan->asked().front().diagnosis.trials(Setting::beside).runs, 0U);
  EXPECT_EQ(plan->asked().front().diagnosis.kind(), FailureKind::genuine);
}

TEST_F(ClassifyPlanTest, WhenOnlyOneOfItsWorkersIsThereItEndsAllTheSame) {
  make(4, {failed(0)});
  run(1, [](Workload workload, auto, bool) { return workload == 0; });
  EXPECT_EQ(plan->asked().front().diagnosis.trials(Setting::beside).runs, 0U);
}

TEST_F(ClassifyPlanTest, WhatMayNotRunBesideOthersDoesNot) {
  FailedTest exclusive = failed(0);
  exclusive.alone_only = true;
  make(3, {exclusive});
  run(3, [](Workload workload, auto, bool) { return workload == 0; });
  EXPECT_EQ(plan->asked().front().diagnosis.trials(Setting::beside).runs, 0U);
}

TEST_F(ClassifyPlanTest, TheLimitOfRunsIsKept) {
  ClassifyOptions options;
  options.most_runs = 7;
  make(2, {failed(0)}, options);
  run(2, [](Workload workload, const ClassifyPlan::Experiment* experiment, bool) {
    return workload == 0 && (experiment == nullptr || experiment->number % 2 == 0);
  });
  EXPECT_EQ(plan->asked().front().diagnosis.runs(), 7U);
}

TEST_F(ClassifyPlanTest, WhenTheTimeIsUpNothingBegins) {
  using namespace std::chrono_literals;
  ClassifyOptions options;
  options.time = 1s;
  make(2, {failed(0)}, options);
  plan->tell_time(100s);  // the suite's own time does not count
  run(2, [this](Workload workload, const ClassifyPlan::Experiment* experiment, bool) {
    if (experiment != nullptr && experiment->number == 3) plan->tell_time(101s);
    return workload == 0;
  });
  EXPECT_EQ(plan->asked().front().diagnosis.runs(), 3U);
}

TEST_F(ClassifyPlanTest, WhatAlwaysLosesItsWorkerIsGivenUp) {
  make(1, {failed(0)});
  for (const Subject subject : plan->next(5)) plan->record(subject, ended(0));
  std::size_t lost = 0;
  for (; !plan->finished() && lost < 100; ++lost) {
    for (const Subject subject : plan->next(1)) plan->record(subject, ended(0, job::OutcomeKind::lost));
  }
  EXPECT_EQ(lost, 5U);
  EXPECT_EQ(plan->asked().front().lost, 5U);
  EXPECT_EQ(plan->asked().front().diagnosis.kind(), FailureKind::undecided);
}

}  // namespace
}  // namespace nmz::schedule
