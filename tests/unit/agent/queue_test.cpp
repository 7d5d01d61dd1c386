// Jobs that wait at the agent: run in order, each as if it were alone, and withdrawn as long as they have not begun.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using testing::HasSubstr;

class QueueTest : public testing::Test {
 protected:
  static WorkerOptions without_tree() {
    WorkerOptions options;
    options.with_tree = false;
    return options;
  }
  Worker worker_{without_tree()};
};

TEST_F(QueueTest, RunsInOrderEachWithItsOwnInputOutputAndResult) {
  std::vector<wire::Run> runs;
  for (int i = 0; i < 20; ++i) {
    runs.push_back(worker_.shell("cat; exit " + std::to_string(i)));
    runs.back().input = "input of " + std::to_string(i) + "\n";
  }
  for (const wire::Run& run : runs) worker_.send(run);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const JobResult result = worker_.await_job();
    EXPECT_EQ(result.finished.job, runs[i].job);
    EXPECT_EQ(result.finished.outcome.code, static_cast<int>(i));
    EXPECT_EQ(result.log, runs[i].input);
  }
}

TEST_F(QueueTest, OneThatCannotBeExecutedHoldsNobodyUp) {
  const wire::Run first = worker_.shell("sleep 0.1");
  const wire::Run missing = worker_.job({"/nowhere/to/be/found"});
  const wire::Run last = worker_.shell("exit 7");
  for (const wire::Run* run : {&first, &missing, &last}) worker_.send(*run);
  EXPECT_EQ(worker_.await_job().finished.outcome.code, 0);
  EXPECT_EQ(worker_.await_job().finished.outcome.kind, OutcomeKind::not_started);
  EXPECT_EQ(worker_.await_job().finished.outcome.code, 7);
}

TEST_F(QueueTest, OneThatWaitsIsWithdrawnAtOnce) {
  const wire::Run first = worker_.shell("sleep 0.3");
  const wire::Run second = worker_.shell("echo ran");
  worker_.send(first);
  worker_.send(second);
  worker_.await_started();
  worker_.send(wire::Cancel{second.job, true});
  const auto withdrawn = worker_.expect<wire::Finished>();
  EXPECT_EQ(withdrawn.job, second.job);
  EXPECT_EQ(withdrawn.outcome.kind, OutcomeKind::cancelled);
  // A job that has begun is left alone by the same words.
  worker_.send(wire::Cancel{first.job, true});
  const JobResult ended = worker_.await_job();
  EXPECT_EQ(ended.finished.job, first.job);
  EXPECT_EQ(ended.finished.outcome.kind, OutcomeKind::exited);
}

TEST_F(QueueTest, ACancelledJobIsFollowedByTheNext) {
  const wire::Run first = worker_.shell("sleep 1000");
  const wire::Run second = worker_.shell("exit 4");
  worker_.send(first);
  worker_.send(second);
  worker_.await_started();
  worker_.send(wire::Cancel{first.job});
  EXPECT_EQ(worker_.await_job().finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_EQ(worker_.await_job().finished.outcome.code, 4);
}

TEST_F(QueueTest, AtShutdownNothingMoreBegins) {
  worker_.send(worker_.shell("sleep 1000"));
  worker_.send(worker_.shell("touch $OUT/begun"));
  worker_.await_started();
  worker_.send(wire::Shutdown{});
  EXPECT_EQ(worker_.await_job().finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_EQ(worker_.wait_for_exit(), 0);
  EXPECT_FALSE(std::filesystem::exists(worker_.outside() / "begun"));
}

TEST_F(QueueTest, WhatItSaysIsNotHeldBackLong) {
  const wire::Run first = worker_.shell("echo hello; sleep 20");
  worker_.send(first);
  worker_.send(worker_.shell("true"));
  const auto begin = std::chrono::steady_clock::now();
  worker_.await_started();
  EXPECT_THAT(worker_.expect<wire::Log>().bytes, HasSubstr("hello"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

}  // namespace
}  // namespace nmz::agent
