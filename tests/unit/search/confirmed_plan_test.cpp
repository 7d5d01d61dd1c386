// When an answer is tested once more.
#include "nmz/search/confirmed_plan.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "plan_player.hpp"
#include "random_graph.hpp"

namespace nmz::search {
namespace {

/// Until the answer is there, or doubted; from the third test on with as many workers.
ConfirmedPlan::Stage stage_after_search(Confirm confirm, std::size_t workers) {
  const CommitGraph graph = line(63, true);
  BisectOptions options;
  options.workers = 1;
  ConfirmedPlan plan{graph, {}, options, confirm};
  for (int tests = 0; !plan.finished() && plan.stage() == ConfirmedPlan::Stage::searching; ++tests) {
    if (tests == 2) plan.work_with(workers);
    if (tests == 4) plan.work_with(1);
    const dispatch::Subject subject = plan.next(1).front();
    plan.record(subject, exited(subject < 40 ? 0 : 1));
  }
  return plan.stage();
}

TEST(ConfirmedPlanTest, OnlyWhatRanBesideOthersIsDoubted) {
  for (const Confirm confirm : {Confirm::beside, Confirm::unwatched}) {
    EXPECT_EQ(stage_after_search(confirm, 1), ConfirmedPlan::Stage::searching);
    EXPECT_EQ(stage_after_search(confirm, 2), ConfirmedPlan::Stage::confirming) << "for a while there were two workers";
  }
  EXPECT_EQ(stage_after_search(Confirm::always, 1), ConfirmedPlan::Stage::confirming);
  EXPECT_EQ(stage_after_search(Confirm::never, 2), ConfirmedPlan::Stage::searching);
}

/// What is tested again when the first bad commit is `culprit` and the good end says `good_end`.
std::vector<dispatch::Subject> confirmed(ConfirmedPlan& plan, dispatch::Subject culprit, int good_end) {
  while (!plan.finished() && plan.stage() == ConfirmedPlan::Stage::searching) {
    const dispatch::Subject subject = plan.next(1).front();
    plan.record(subject, exited(subject == 0 ? good_end : subject < culprit ? 0 : 1));
  }
  return plan.next(64);
}

TEST(ConfirmedPlanTest, AnAnswerThatCannotBeTestedAgainIsNoAnswer) {
  const CommitGraph graph = line(63, true);
  ConfirmedPlan plan{graph, {}, {}, Confirm::always};
  for (const dispatch::Subject subject : confirmed(plan, 40, 0)) plan.record(subject, exited(125));
  EXPECT_EQ(plan.stage(), ConfirmedPlan::Stage::repeating);
}

TEST(ConfirmedPlanTest, AGoodEndThatCouldNotBeTestedIsNotTestedAgain) {
  const CommitGraph graph = line(3, true);
  ConfirmedPlan skipped{graph, {}, {}, Confirm::always};
  EXPECT_EQ(confirmed(skipped, 1, 125), std::vector<dispatch::Subject>{1});
  ConfirmedPlan tested{graph, {}, {}, Confirm::always};
  EXPECT_EQ(confirmed(tested, 1, 0).size(), 2U);
}

}  // namespace
}  // namespace nmz::search
