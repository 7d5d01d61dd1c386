// What an agent tells of a tree that an earlier one has left, when that one was ended in the middle of a change.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "support/temp_directory.hpp"
#include "worker.hpp"

namespace nmz::agent {
namespace {

class KeptTreeTest : public testing::Test {
 protected:
  [[nodiscard]] WorkerOptions options() const {
    WorkerOptions options;
    options.tree = temp.path() / "tree";
    options.greet = false;
    return options;
  }
  static wire::KeptTree greet(Worker& worker) {
    wire::Hello hello;
    hello.heartbeat = std::chrono::milliseconds{0};
    hello.kept_tree = true;
    worker.send(hello);
    return worker.expect<wire::Welcome>().kept;
  }
  static void end(Worker& worker) {
    worker.send(wire::Shutdown{});
    EXPECT_EQ(worker.wait_for_exit(), 0);
  }

  support::TempDirectory temp;
};

TEST_F(KeptTreeTest, WhatWasBeingChangedIsToldUntilItIsLaidOutAgain) {
  {
    Worker worker{options()};
    EXPECT_EQ(greet(worker), wire::KeptTree{});
    worker.send(wire::TreeBegin{true, false});
    for (const char* name : {"a", "b", "c", "d/e"}) worker.send_file({name, "one"});
    wire::TreeEnd whole;
    whole.label = "one";
    worker.send(whole);
    static_cast<void>(worker.expect<wire::TreeReady>());
    worker.send(wire::TreeBegin{});
    worker.send(wire::TreeRemove{"b"});
    worker.send_file({"a", "two"});
    worker.send(wire::TreeFile{"new", wire::FileMode::regular, 100, false});
    end(worker);
  }
  for (int i = 0; i < 2; ++i) {  // the second has it from one that changed nothing
    Worker worker{options()};
    const wire::KeptTree kept = greet(worker);
    EXPECT_EQ(kept.label, "one");
    EXPECT_THAT(kept.changed,
                testing::AllOf(testing::IsSupersetOf({"a", "b", "new"}), testing::Not(testing::Contains("c"))));
    EXPECT_GE(kept.paths, 4U);
    end(worker);
  }
  Worker worker{options()};
  static_cast<void>(greet(worker));
  EXPECT_EQ(worker.lay_out({{"a", "one"}, {"b", "one"}}, {"new"}).kind, job::OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), testing::SizeIs(5));
}

TEST_F(KeptTreeTest, OneThatMayNotBeKeptIsNot) {
  {
    Worker worker{options()};
    static_cast<void>(greet(worker));
    worker.send(wire::TreeBegin{true, false});
    worker.send_file({"a", "one"});
    worker.send(wire::TreeEnd{});
    static_cast<void>(worker.expect<wire::TreeReady>());
    end(worker);
  }
  Worker worker{options()};
  EXPECT_EQ(greet(worker), wire::KeptTree{});
}

}  // namespace
}  // namespace nmz::agent
