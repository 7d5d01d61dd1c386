#include "nmz/coordinator/coordinator.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "list_plan_fake.hpp"
#include "scripted_agent_fake.hpp"

namespace nmz::coordinator {
namespace {

namespace asio = boost::asio;
using dispatch::Subject;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

/// Fake: an empty tree, or an error, at once or in the middle.
class LayoutFake final : public Layout {
 public:
  LayoutFake(std::optional<Error> error, bool late) : error_{std::move(error)}, late_{late} {}
  Result<void> open() override {
    if (error_ && !late_) return tl::unexpected<Error>{*error_};
    return {};
  }
  Result<bool> next(std::string& out, std::size_t /*enough*/) override {
    wire::encode(wire::TreeBegin{}, out);
    if (error_) return tl::unexpected<Error>{*error_};
    return false;
  }
  Result<void> laid_out() override { return {}; }

 private:
  std::optional<Error> error_;
  bool late_;
};

class SourceFake final : public WorkSource {
 public:
  wire::Run run(const dispatch::Assign& assignment) override {
    wire::Run run;
    run.argv = {std::to_string(assignment.subject)};
    run.timeout = timeout;
    run.kill_grace = std::chrono::milliseconds{10};
    return run;
  }
  std::unique_ptr<Layout> layout(const dispatch::Assign& assignment, const TreeKnowledge& /*known*/) override {
    if (!trees) return nullptr;
    const auto broken = broken_subjects.find(assignment.subject);
    return std::make_unique<LayoutFake>(broken == broken_subjects.end() ? std::nullopt : std::optional{broken->second},
                                        breaks_late);
  }
  bool trees = true;
  bool breaks_late = false;
  std::chrono::milliseconds timeout{0};
  std::map<Subject, Error> broken_subjects;
};

class Watcher final : public Observer {
 public:
  void assigned(const dispatch::Assign& what) override { workers.push_back(what.worker); }
  void started(const dispatch::Assign& what, job::Phase /*phase*/) override {
    if (hear_start) hear_start(what);
  }
  void resized(const dispatch::Resized& what) override {
    sizes.push_back(what.workers);
    workers.clear();
  }
  void ended(const dispatch::Ended& what) override { fates.push_back(what.fate); }
  void given_up(const dispatch::GivenUp& what) override { losses.push_back(what.reason); }
  std::vector<dispatch::Ended::Fate> fates;
  std::vector<std::string> losses;
  std::vector<job::WorkerId> workers;  ///< of each assignment since their number changed
  std::vector<std::uint32_t> sizes;
  std::function<void(const dispatch::Assign&)> hear_start;
};

class CoordinatorTest : public testing::Test {
 protected:
  RunEnd run(std::size_t subjects, std::uint32_t workers, std::chrono::milliseconds interrupt_after = {}) {
    plan.emplace(subjects);
    plan->stop_after = stop_after;
    Options options;
    options.workers = workers;
    options.start_limit = std::chrono::milliseconds{300};
    options.stop_limit = std::chrono::milliseconds{300};
    options.overdue = std::chrono::milliseconds{300};
    if (lease) options.dispatch.lease = *lease;
    const Parts parts{*plan, agents, source, watcher};
    Coordinator coordinator{io, parts, options};
    if (when_started) watcher.hear_start = [&](const dispatch::Assign& what) { when_started(coordinator, what); };
    asio::steady_timer alarm{io};
    if (interrupt_after.count() > 0) {
      alarm.expires_after(interrupt_after);
      alarm.async_wait([&coordinator](const boost::system::error_code& code) {
        if (!code) coordinator.interrupt();
      });
    }
    RunEnd end;
    auto done = [&](const std::exception_ptr& bug, RunEnd result) {
      alarm.cancel();
      if (bug) std::rethrow_exception(bug);
      end = std::move(result);
    };
    asio::co_spawn(io, coordinator.run(), std::move(done));
    io.run();
    return end;
  }

  static AgentScript well_behaved() {
    AgentScript script;
    script.tree.kind = job::OutcomeKind::exited;
    return script;
  }

  asio::io_context io;
  ScriptedAgentsFake agents{io.get_executor()};
  std::optional<ListPlanFake> plan;
  SourceFake source;
  Watcher watcher;
  std::size_t stop_after = 0;
  std::optional<std::chrono::milliseconds> lease;
  std::function<void(Coordinator&, const dispatch::Assign&)> when_started;
};

AgentScript endless(AgentScript script) {
  script.job_takes = std::chrono::hours{1};
  return script;
}

TEST_F(CoordinatorTest, RunsEverySubjectOnceAndEndsItsAgents) {
  const RunEnd end = run(100, 3);
  EXPECT_EQ(end.why, dispatch::Stop::Why::finished);
  EXPECT_EQ(plan->outcomes.size(), 100);
  EXPECT_EQ(std::count(agents.heard.begin(), agents.heard.end(), "Run"), 100);
  EXPECT_THAT(watcher.fates, Each(dispatch::Ended::Fate::counted));
  EXPECT_EQ(agents.starts, 3);
  EXPECT_EQ(agents.running, 0);
}

TEST_F(CoordinatorTest, RunsWithoutATreeWhereNoneIsNeeded) {
  source.trees = false;
  run(5, 2);
  EXPECT_EQ(plan->outcomes.size(), 5);
  EXPECT_THAT(agents.heard, Not(Contains("TreeEnd")));
}

TEST_F(CoordinatorTest, AnAgentThatDiesLosesNoSubject) {
  AgentScript dying = well_behaved();
  dying.dies_in_job = true;
  agents.scripts = {dying, well_behaved(), dying};
  run(10, 2);
  EXPECT_EQ(plan->outcomes.size(), 10);
  EXPECT_EQ(agents.starts, 4);
  EXPECT_EQ(watcher.losses.size(), 2);
  EXPECT_EQ(std::count(watcher.fates.begin(), watcher.fates.end(), dispatch::Ended::Fate::retried), 2);
}

TEST_F(CoordinatorTest, AnAgentThatSpeaksNonsenseIsReplaced) {
  AgentScript garbage = well_behaved();
  garbage.garbage = true;
  AgentScript stranger = well_behaved();
  stranger.protocol = 99;
  AgentScript mute = well_behaved();
  mute.silent = true;
  agents.scripts = {garbage, stranger, mute};
  run(3, 1);
  EXPECT_EQ(plan->outcomes.size(), 3);
  EXPECT_EQ(agents.starts, 4);
  ASSERT_EQ(watcher.losses.size(), 3);
  EXPECT_THAT(watcher.losses[1], HasSubstr("another protocol"));
  EXPECT_THAT(watcher.losses[2], HasSubstr("did not answer"));
}

TEST_F(CoordinatorTest, AnAgentWhoseHeartbeatsAreSwallowedIsNotAlive) {
  AgentScript script = well_behaved();
  script.trickles = true;
  agents.scripts = {script};
  lease = std::chrono::milliseconds{500};
  const RunEnd end = run(1, 1);
  EXPECT_EQ(end.why, dispatch::Stop::Why::finished);
  ASSERT_FALSE(watcher.losses.empty());
  EXPECT_EQ(watcher.losses.front(), "no sign of life within its lease");
}

TEST_F(CoordinatorTest, AnAgentThatNeverEndsItsJobLosesItAfterTheTimeLimit) {
  AgentScript script = well_behaved();
  script.lingers = true;
  agents.scripts = {script};
  source.timeout = std::chrono::milliseconds{10};
  const RunEnd end = run(1, 1);
  EXPECT_EQ(end.why, dispatch::Stop::Why::finished);
  EXPECT_THAT(watcher.losses, testing::ElementsAre("its job did not end at its time limit"));
  EXPECT_EQ(watcher.fates.back(), dispatch::Ended::Fate::counted) << "of the next agent";
}

TEST_F(CoordinatorTest, NoWorkerAtAllEndsTheRunWithTheReason) {
  AgentScript failing;
  failing.start_fails = true;
  agents.scripts.assign(100, failing);
  const RunEnd end = run(3, 2);
  EXPECT_EQ(end.why, dispatch::Stop::Why::no_workers);
  EXPECT_THAT(end.reason, HasSubstr("no agent today"));
  EXPECT_TRUE(plan->outcomes.empty());
}

TEST_F(CoordinatorTest, ACommitThatCannotBeReadIsUntestableAndNotRun) {
  source.broken_subjects.emplace(1, Error{ErrorKind::rejected, "object 1234 is missing"});
  run(3, 1);
  EXPECT_EQ(plan->outcomes.at(1).kind, job::OutcomeKind::untestable);
  EXPECT_EQ(plan->outcomes.at(1).detail, "object 1234 is missing");
  EXPECT_EQ(std::count(agents.heard.begin(), agents.heard.end(), "Run"), 2);
}

TEST_F(CoordinatorTest, ACommitThatBreaksHalfWayCostsNoWorker) {
  source.broken_subjects.emplace(1, Error{ErrorKind::rejected, "object 1234 is missing"});
  source.breaks_late = true;
  run(3, 1);
  EXPECT_EQ(plan->outcomes.at(1).kind, job::OutcomeKind::untestable);
  EXPECT_EQ(plan->outcomes.size(), 3);
  EXPECT_TRUE(watcher.losses.empty());
  EXPECT_EQ(std::count(agents.heard.begin(), agents.heard.end(), "TreeEnd"), 3);
}

TEST_F(CoordinatorTest, AWorkerThatCannotPrepareGivesItsSubjectToAnother) {
  AgentScript full = well_behaved();
  full.tree.kind = job::OutcomeKind::unprepared;
  full.tree.detail = "no space left";
  agents.scripts = {full, well_behaved()};
  run(4, 2);
  EXPECT_EQ(plan->outcomes.size(), 4);
  for (const auto& [subject, outcome] : plan->outcomes) EXPECT_EQ(outcome.kind, job::OutcomeKind::exited) << subject;
}

TEST_F(CoordinatorTest, PointlessWorkIsCancelledAtTheEnd) {
  AgentScript quick = well_behaved();
  AgentScript slow = well_behaved();
  slow.job_takes = std::chrono::seconds{30};
  agents.scripts = {quick, slow};
  stop_after = 1;
  const auto began = std::chrono::steady_clock::now();
  const RunEnd end = run(2, 2);
  EXPECT_EQ(end.why, dispatch::Stop::Why::finished);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{25});
}

TEST_F(CoordinatorTest, InterruptEndsTheRun) {
  AgentScript slow = well_behaved();
  slow.job_takes = std::chrono::seconds{30};
  agents.scripts = {slow, slow};
  const RunEnd end = run(2, 2, std::chrono::milliseconds{50});
  EXPECT_EQ(end.why, dispatch::Stop::Why::interrupted);
  EXPECT_TRUE(plan->outcomes.empty());
}

TEST_F(CoordinatorTest, InterruptWhileATreeIsLaidOutRunsNothing) {
  AgentScript slow = well_behaved();
  slow.tree_takes = std::chrono::milliseconds{200};
  agents.scripts = {slow};
  const RunEnd end = run(1, 1, std::chrono::milliseconds{50});
  EXPECT_EQ(end.why, dispatch::Stop::Why::interrupted);
  EXPECT_THAT(agents.heard, Not(Contains("Run")));
}

TEST_F(CoordinatorTest, ACancelledJobEndsWithoutAVerdict) {
  agents.scripts = {endless(well_behaved())};
  when_started = [](Coordinator& coordinator, const dispatch::Assign& what) {
    std::thread{[&] { coordinator.cancel(what.job); }}.join();  // any thread may
    coordinator.change_workers(1);
  };
  EXPECT_EQ(run(1, 1).why, dispatch::Stop::Why::finished);
  EXPECT_EQ(plan->outcomes.at(0).kind, job::OutcomeKind::cancelled);
  EXPECT_THAT(agents.heard, Contains("Cancel"));
}

TEST_F(CoordinatorTest, ASkippedSubjectIsNotRun) {
  when_started = [](Coordinator& coordinator, const dispatch::Assign& what) {
    if (what.subject == 0) coordinator.skip(2);
  };
  EXPECT_EQ(run(4, 1).why, dispatch::Stop::Why::finished);
  EXPECT_EQ(plan->outcomes.at(2).kind, job::OutcomeKind::skipped);
  EXPECT_EQ(std::count(agents.heard.begin(), agents.heard.end(), "Run"), 3);
}

TEST_F(CoordinatorTest, AWorkerMoreTakesWhatTheOthersCannot) {
  agents.scripts = {endless(well_behaved())};
  stop_after = 4;
  when_started = [](Coordinator& coordinator, const dispatch::Assign& what) {
    if (what.subject == 0) coordinator.change_workers(1);
  };
  EXPECT_EQ(run(5, 1).why, dispatch::Stop::Why::finished);
  EXPECT_EQ(agents.starts, 2);
  EXPECT_EQ(agents.running, 0);
  EXPECT_THAT(watcher.sizes, testing::ElementsAre(2));
}

TEST_F(CoordinatorTest, AWorkerFewerGoesAfterItsJob) {
  when_started = [](Coordinator& coordinator, const dispatch::Assign& what) {
    if (what.subject == 0) coordinator.change_workers(-5);
  };
  EXPECT_EQ(run(200, 3).why, dispatch::Stop::Why::finished);
  EXPECT_EQ(plan->outcomes.size(), 200);
  EXPECT_THAT(watcher.sizes, testing::ElementsAre(1));
  EXPECT_THAT(watcher.fates, Each(dispatch::Ended::Fate::counted));
  ASSERT_FALSE(watcher.workers.empty());
  EXPECT_THAT(watcher.workers, Each(watcher.workers.front()));
  EXPECT_EQ(agents.running, 0);
}

TEST_F(CoordinatorTest, WhatIsWishedAfterTheEndIsNotHeard) {
  const Parts parts{plan.emplace(0), agents, source, watcher};
  {
    Coordinator coordinator{io, parts, Options()};
    std::thread{[&] { coordinator.change_workers(1); }}.join();
  }
  io.run();
  EXPECT_EQ(agents.starts, 0);
}

}  // namespace
}  // namespace nmz::coordinator
