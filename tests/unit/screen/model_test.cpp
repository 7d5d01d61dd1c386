#include "nmz/screen/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream.hpp"

namespace nmz::screen {
namespace {

using events::Kind;
using events::Mark;
using testing::ElementsAre;

TEST(ModelTest, ASearchBecomesNarrower) {
  Told run{Kind::search};
  run.start(2, 15);
  run.tell(line_of(16));
  run.begin(1, 0, commit(8));
  EXPECT_TRUE(run.model.is_probed(8));
  EXPECT_EQ(run.model.workers()[0].job, job::JobId{1});
  run.end(1, commit(8), Mark::passed, 7);
  EXPECT_FALSE(run.model.is_probed(8));
  run.begin(2, 1, commit(12));
  run.end(2, commit(12), Mark::failed, 4);
  EXPECT_EQ(run.model.left(), 4);
  EXPECT_EQ(run.model.funnel().count(), 4) << "9 to 12";
  EXPECT_THAT(run.model.shrinking(), ElementsAre(15, 7, 4));
  EXPECT_EQ(run.model.verdicts()[8], Mark::passed);
  EXPECT_EQ(run.model.verdicts()[12], Mark::failed);
  EXPECT_EQ(run.model.endings().size(), 2);
}

TEST(ModelTest, ABranchHasALaneOfItsOwn) {
  // 0 - 1 - 2 - 4 (merge of 2 and 3), 3 forks off 1
  events::HistoryRead history = line_of(5);
  history.commits[3].parents = {1};
  history.commits[4].parents = {2, 3};
  const Lanes lanes = Lanes::of_history(history);
  EXPECT_EQ(lanes.count, 2);
  EXPECT_EQ(lanes.of[4], lanes.of[2]);
  EXPECT_EQ(lanes.of[2], lanes.of[1]);
  EXPECT_NE(lanes.of[3], lanes.of[2]);
  EXPECT_EQ(Lanes::of_history(line_of(100)).count, 1);
}

TEST(ModelTest, WhatASuiteHasDoneIsCounted) {
  Told run{Kind::suite};
  run.start(2);
  run.list(10);
  run.begin(1, 0, "a", 5);
  run.begin(2, 1, "b");
  run.later(4);
  run.end(1, "a", Mark::passed, 9);
  run.end(2, "b", Mark::failed, 8);
  EXPECT_EQ(run.model.results(), 2);
  EXPECT_EQ(run.model.results(Mark::failed), 1);
  EXPECT_EQ(run.model.items(), 10);
  EXPECT_EQ(run.model.endings().size(), 1) << "what passed is not kept";
  EXPECT_DOUBLE_EQ(run.model.efficiency(), 1);
  run.later(4);
  run.tell(events::Tick{});
  EXPECT_DOUBLE_EQ(run.model.efficiency(), 0.5);
}

TEST(ModelTest, OutputIsKeptFromItsEnd) {
  Told run{Kind::suite};
  run.start(1);
  run.begin(1, 0, "a");
  for (int i = 0; i < 100000; ++i) run.tell(events::Output{job::JobId{1}, "line " + std::to_string(i) + "\n"});
  const Model::Running* const running = run.model.find(job::JobId{1});
  ASSERT_NE(running, nullptr);
  EXPECT_LE(running->output.size(), 200'000);
  EXPECT_TRUE(running->output.ends_with("line 99999\n"));
  EXPECT_TRUE(running->output.starts_with("line "));
}

TEST(ModelTest, ThroughputHasFewBinsHoweverLongARunIs) {
  Throughput all;
  for (int second = 0; second < 100'000; second += 10) all.add(Seconds{static_cast<double>(second)}, 1);
  EXPECT_LE(all.bins().size(), 64);
  std::size_t sum = 0;
  for (const std::size_t one : all.bins()) sum += one;
  EXPECT_EQ(sum, 10'000);
}

TEST(ModelTest, AWorkerThatIsLostIsSaidSo) {
  Told run{Kind::suite};
  run.start(2);
  events::WorkerGone gone;
  gone.worker = job::WorkerId{1};
  gone.reason = "died";
  run.tell(gone);
  EXPECT_EQ(run.model.ready(), 1);
  EXPECT_EQ(run.model.workers()[1].state, Model::State::gone);
}

}  // namespace
}  // namespace nmz::screen
