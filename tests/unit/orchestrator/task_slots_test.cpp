// Which slots of a service the Swarm would fill again.
#include "task_slots.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nmz::orchestrator {
namespace {

docker::Task task(std::uint64_t slot, const std::string& state, const std::string& desired) {
  docker::Task task;
  task.slot = slot;
  task.state = state;
  task.desired_state = desired;
  return task;
}

TEST(TaskSlotsTest, WhatRunsOrWillHasItsSlot) {
  EXPECT_TRUE(has_the_slot(task(1, "running", "running")));
  EXPECT_TRUE(has_the_slot(task(1, "pending", "running")));
  EXPECT_FALSE(has_the_slot(task(1, "running", "shutdown")));
  EXPECT_FALSE(has_the_slot(task(1, "failed", "running")));
}

TEST(TaskSlotsTest, OnlyWhatHasEndedAsItShouldIsAtRest) {
  EXPECT_EQ(count_slots_at_rest({}), 0U);
  const std::vector<docker::Task> tasks{
      task(1, "running", "running"),                                     // works
      task(2, "complete", "shutdown"),                                   // was let go
      task(3, "failed", "shutdown"),                                     // is replaced
      task(3, "ready", "ready"),       task(4, "failed", "shutdown"),    // was replaced by one that was let go
      task(4, "complete", "shutdown"), task(5, "complete", "shutdown"),  // was let go, and started again
      task(5, "running", "running"),   task(6, "failed", "shutdown"),    // will be replaced
  };
  EXPECT_EQ(count_slots_at_rest(tasks), 2U);
}

}  // namespace
}  // namespace nmz::orchestrator
