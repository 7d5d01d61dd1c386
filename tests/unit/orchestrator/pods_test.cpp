// Which pod is a worker's, and what is told of those that are not.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "pod_table.hpp"
#include "pod_troubles.hpp"

namespace nmz::orchestrator {
namespace {

using kubernetes::Pod;
using kubernetes::PodChange;
using testing::ElementsAre;
using testing::IsEmpty;

using Place = PodTable::Place;

Pod pod(const std::string& uid, std::int64_t index, const std::string& phase = "Running") {
  Pod one;
  one.object.name = "pod-" + uid;
  one.object.uid = uid;
  one.index = index;
  one.phase = phase;
  one.running = phase == "Running";
  return one;
}

void see(PodTable& table, const Pod& changed, PodChange::Kind kind = PodChange::Kind::modified) {
  PodChange change;
  change.kind = kind;
  change.pod = changed;
  table.see(change);
}

TEST(PodTableTest, APodIsReadyOnceItRunsAndUntilItIsTaken) {
  PodTable table;
  EXPECT_EQ(table.place(0), Place::empty);
  see(table, pod("a", 0, "Pending"));
  EXPECT_EQ(table.place(0), Place::empty);
  see(table, pod("a", 0));
  EXPECT_EQ(table.place(0), Place::ready);
  EXPECT_EQ(table.place(1), Place::empty);
  table.take("a");
  EXPECT_EQ(table.place(0), Place::empty);
}

TEST(PodTableTest, TheNewerOfTwoCounts) {
  PodTable table;
  see(table, pod("a", 0));
  see(table, pod("b", 0, "Pending"));
  EXPECT_EQ(table.place(0), Place::empty);
  see(table, pod("b", 0));
  ASSERT_NE(table.ready(0), nullptr);
  EXPECT_EQ(table.ready(0)->object.uid, "b");
  // A list that comes later tells them in another order.
  table.replace({pod("b", 0), pod("a", 0)});
  EXPECT_EQ(table.ready(0)->object.uid, "b");
  see(table, pod("b", 0), PodChange::Kind::deleted);
  EXPECT_EQ(table.ready(0)->object.uid, "a");
}

TEST(PodTableTest, OneThatIsRemovedIsNoWorkersAnyMoreAndOneThatHasSucceededIsTheLast) {
  PodTable table;
  Pod leaving = pod("a", 0);
  leaving.object.deleting = true;
  see(table, leaving);
  EXPECT_EQ(table.place(0), Place::empty);
  see(table, pod("b", 0, "Failed"));
  EXPECT_EQ(table.place(0), Place::empty);
  see(table, pod("c", 0, "Succeeded"));
  EXPECT_EQ(table.place(0), Place::closed);
}

/// Before 1.24 pods have no index: any that runs may become any worker, and one that has succeeded is not replaced.
TEST(PodTableTest, PodsWithoutAnIndex) {
  PodTable table;
  for (const char* uid : {"a", "b"}) see(table, pod(uid, -1));
  ASSERT_NE(table.ready_anywhere({}), nullptr);
  EXPECT_EQ(table.ready_anywhere({})->object.uid, "a");
  EXPECT_EQ(table.ready_anywhere({"a"})->object.uid, "b");
  EXPECT_EQ(table.ready_anywhere({"a", "b"}), nullptr);
  table.take("a");
  EXPECT_EQ(table.ready_anywhere({})->object.uid, "b");
  EXPECT_FALSE(table.is_used_up(2));
  see(table, pod("a", -1, "Succeeded"));
  table.take("b");
  EXPECT_TRUE(table.is_used_up(2));
  see(table, pod("b", -1, "Failed"));
  EXPECT_FALSE(table.is_used_up(2));  // that one is replaced
  see(table, pod("c", -1));
  table.take("c");
  EXPECT_TRUE(table.is_used_up(2));
  table.let_go("c");  // its stream was lost, and it has not been seen to end
  EXPECT_FALSE(table.is_used_up(2));
}

TEST(PodTroublesTest, EachComplaintIsToldOnce) {
  PodTable table;
  PodTroubles troubles;
  for (const char* uid : {"a", "b"}) {
    Pod one = pod(uid, 0, "Pending");
    one.node = "n1";
    one.waiting = "ImagePullBackOff";
    one.waiting_message = "no such image";
    see(table, one);
  }
  const std::string line = "a worker cannot start on n1: ImagePullBackOff: no such image";
  EXPECT_THAT(troubles.see(table), ElementsAre(line));
  EXPECT_THAT(troubles.see(table), IsEmpty());
  EXPECT_EQ(troubles.last(), line);
  EXPECT_TRUE(troubles.is_lasting());
  table.replace({});
  EXPECT_THAT(troubles.see(table), IsEmpty());
  EXPECT_EQ(troubles.last(), "");
}

TEST(PodTroublesTest, WhatOnlyTakesItsTimeIsNone) {
  Pod creating = pod("a", 0, "Pending");
  creating.waiting = "ContainerCreating";
  EXPECT_FALSE(PodTroubles::complaint_of(creating, false));
  Pod waiting = pod("b", 0, "Pending");
  waiting.unscheduled = "0/3 nodes are available";
  ASSERT_TRUE(PodTroubles::complaint_of(waiting, false));
  EXPECT_EQ(PodTroubles::complaint_of(waiting, false)->line, "a worker waits for a node: 0/3 nodes are available");
  EXPECT_FALSE(PodTroubles::complaint_of(waiting, false)->lasting);
}

TEST(PodTroublesTest, AnAgentsOwnStatusIsNotTold) {
  Pod ended = pod("a", 0, "Failed");
  ended.ended = "exit status 6";
  EXPECT_FALSE(PodTroubles::complaint_of(ended, true));
  EXPECT_TRUE(PodTroubles::complaint_of(ended, false));
  ended.ended = "OOMKilled";
  EXPECT_EQ(PodTroubles::complaint_of(ended, true)->line, "a worker's pod ended: OOMKilled");
}

}  // namespace
}  // namespace nmz::orchestrator
