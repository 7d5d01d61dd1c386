// When an answer is tested once more.
#include "nmz/search/confirmed_plan.hpp"

#include <gtest/gtest.h>

#include "plan_player.hpp"

namespace nmz::search {
namespace {

CommitGraph line(std::size_t size) {
  CommitGraph graph;
  for (Node node = 0; node < size; ++node) {
    graph.add(node == 0 ? Role::good_end : Role::candidate,
              node == 0 ? std::vector<Node>{} : std::vector<Node>{node - 1});
  }
  return graph;
}

/// Until the answer is there, or doubted; from the third test on with as many workers.
ConfirmedPlan::Stage stage_after_search(Confirm confirm, std::size_t workers) {
  const CommitGraph graph = line(64);
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

}  // namespace
}  // namespace nmz::search
