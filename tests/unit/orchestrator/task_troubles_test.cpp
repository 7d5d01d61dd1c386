// What the Swarm says of its tasks, and what of it is told.
#include "task_troubles.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::orchestrator {
namespace {

docker::Task task(const std::string& state, const std::string& error, const std::string& desired = "running") {
  docker::Task task;
  task.node = "id1";
  task.state = state;
  task.desired_state = desired;
  task.message = "pending task scheduling";
  task.error = error;
  return task;
}

std::vector<docker::Node> nodes() {
  docker::Node node;
  node.id = "id1";
  node.hostname = "alpha";
  return {node};
}

TEST(TaskTroublesTest, OnlyWhatKeepsATaskFromStartingIsAComplaint) {
  struct Case {
    docker::Task task;
    bool complains;
  };
  const std::vector<Case> cases{{task("pending", ""), false},
                                {task("pending", "no suitable node"), true},
                                {task("pending", "no suitable node", "shutdown"), false},
                                {task("rejected", "invalid mount", "shutdown"), true},
                                {task("failed", "exit 1", "shutdown"), true},
                                {task("failed", "", "shutdown"), false},
                                {task("running", "", "running"), false},
                                {task("shutdown", "was removed", "shutdown"), false},
                                {task("complete", "", "shutdown"), false}};
  for (const Case& one : cases) {
    EXPECT_EQ(!TaskTroubles::complaints_of({one.task}).empty(), one.complains) << one.task.state << one.task.error;
  }
}

TEST(TaskTroublesTest, EachIsToldOnceWithItsNode) {
  TaskTroubles troubles;
  const std::vector<docker::Task> tasks{task("rejected", "invalid mount"), task("rejected", "invalid mount")};
  const auto complaints = TaskTroubles::complaints_of(tasks);
  EXPECT_THAT(troubles.see(complaints, nodes()), testing::ElementsAre("a worker cannot start on alpha: invalid mount"));
  EXPECT_THAT(troubles.see(complaints, nodes()), testing::IsEmpty());
  EXPECT_EQ(troubles.last(), "a worker cannot start on alpha: invalid mount");
  troubles.all_is_well();
  EXPECT_EQ(troubles.last(), "");
  EXPECT_THAT(troubles.see(complaints, {}), testing::ElementsAre("a worker cannot start: invalid mount"));
}

TEST(TaskTroublesTest, AMissingImageComesWithTheRemedy) {
  TaskTroubles troubles;
  const auto complaints = TaskTroubles::complaints_of({task("rejected", "No such image: x:latest")});
  EXPECT_THAT(troubles.see(complaints, nodes()), testing::ElementsAre(testing::HasSubstr("--target and --push")));
}

}  // namespace
}  // namespace nmz::orchestrator
