// Workers in containers and on a Swarm, with an Engine in memory that fails or stalls at each of its calls.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/orchestrator/docker.hpp"
#include "nmz/orchestrator/swarm.hpp"

#include "support/faulty_run.hpp"
#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

using support::Ending;
using support::FakeDocker;
using support::FakeDockerApi;
using support::Fault;
using support::FaultPlan;
using support::FaultyRun;

class EngineFaultsTest : public testing::TestWithParam<const char*> {
 protected:
  EngineFaultsTest() { support::write_file(agent(), "an agent"); }

  [[nodiscard]] std::filesystem::path agent() const { return directory_.path() / "agent"; }
  [[nodiscard]] static bool is_swarm() { return std::string{GetParam()} == "Swarm"; }

  std::unique_ptr<Orchestrator> make(boost::asio::io_context& io, docker::Api& engine, std::vector<std::string>& told) {
    if (!is_swarm()) {
      DockerOptions options;
      options.agent = agent();
      options.image = FakeDocker::image;
      options.identity = RunIdentity::create();
      options.patience = patience_;
      options.starts_at_once = 2;
      return std::make_unique<Docker>(io.get_executor(), engine, std::move(options));
    }
    SwarmOptions options;
    options.agent = agent();
    options.image = options.relay_image = FakeDocker::image;
    options.identity = RunIdentity::create();
    options.replicas = FaultyRun::worker_count;
    options.first_replicas = 1;
    options.patience = patience_;
    options.notice = [&told](const std::string& line) { told.push_back(line); };
    return std::make_unique<Swarm>(io.get_executor(), engine, std::move(options));
  }

  struct Played {
    Ending ending;
    std::vector<std::string> calls;
    std::vector<std::string> told;
    std::vector<std::string> left;          ///< when the run was over
    std::vector<std::string> left_at_last;  ///< after the next one's sweep
  };

  struct Started {
    std::string error;  ///< empty when it was
    std::optional<ErrorKind> kind;
    std::vector<std::string> calls;  ///< of the Engine, by then
  };

  /// One worker, whatever its number; then the end of the run.
  Started start_only(std::uint32_t number) {
    boost::asio::io_context io;
    FakeDockerApi engine{io.get_executor(), std::make_shared<FakeDocker>(io.get_executor())};
    std::vector<std::string> told;
    const auto workers = make(io, engine, told);
    Started started{"it did not end", std::nullopt, {}};
    auto done = [&](const std::exception_ptr& bug, const Result<std::shared_ptr<Stream>>& result) {
      EXPECT_FALSE(bug);
      started = {result ? "" : result.error().message, std::nullopt, engine.calls()};
      if (!result) started.kind = result.error().kind;
      boost::asio::co_spawn(io, workers->close(), [](const std::exception_ptr& fault, const Result<void>& closed) {
        EXPECT_FALSE(fault);
        EXPECT_TRUE(closed);
      });
    };
    boost::asio::co_spawn(io, workers->start(job::WorkerId{number}), std::move(done));
    io.run_for(std::chrono::seconds{30});
    return started;
  }

  enum class Accident : std::uint8_t { none, interrupted, relay_dies };

  Played play(FaultPlan plan, Accident accident = Accident::none) {
    boost::asio::io_context io;
    const auto docker = std::make_shared<FakeDocker>(io.get_executor());
    Played played;
    {
      FaultyRun run{io};
      if (accident == Accident::interrupted) plan.action = [&run] { run.interrupt(); };
      if (accident == Accident::relay_dies) plan.action = [docker] { docker->end_relays(); };
      FakeDockerApi engine{io.get_executor(), docker, std::move(plan)};
      const auto workers = make(io, engine, played.told);
      played.ending = run.play(*workers, !is_swarm());
      played.calls = engine.calls();
    }
    io.restart();
    io.poll();
    played.left = docker->labelled(run_label);
    docker->kill_owners(owner_label);
    sweep(io, docker);
    played.left_at_last = docker->labelled(run_label);
    return played;
  }

  static void sweep(boost::asio::io_context& io, const std::shared_ptr<FakeDocker>& docker) {
    FakeDockerApi engine{io.get_executor(), docker};
    for (auto* const one : {&Swarm::sweep, &Docker::sweep}) {
      auto done = [](const std::exception_ptr& bug, const Result<std::size_t>& removed) {
        EXPECT_TRUE(!bug && removed);
      };
      boost::asio::co_spawn(io, (*one)(engine, Sweep::dead), std::move(done));
      io.restart();
      io.run_for(std::chrono::seconds{30});
    }
  }

  void expect_clean(const Played& played, const std::string& where) {
    support::expect_sound(played.ending, where);
    const std::size_t silently = played.ending.closed ? played.left.size() : 0;
    EXPECT_EQ(silently, 0U) << where << " left " << support::lines_of(played.left);
    EXPECT_THAT(played.left_at_last, testing::IsEmpty()) << where;
  }

  support::TempDirectory directory_;
  Patience patience_ = support::no_patience();
};

INSTANTIATE_TEST_SUITE_P(Where, EngineFaultsTest, testing::Values("Docker", "Swarm"),
                         [](const auto& one) { return std::string{one.param}; });

TEST_P(EngineFaultsTest, WithoutAFaultAllWorkersComeAndNothingIsLeft) {
  const Played played = play({});
  EXPECT_EQ(played.ending.workers, FaultyRun::worker_count);
  EXPECT_THAT(played.told, testing::IsEmpty());
  EXPECT_TRUE(played.ending.closed);
  expect_clean(played, "no fault");
}

TEST_P(EngineFaultsTest, WhateverCallFailsNothingIsLeft) {
  const std::size_t calls = play({}).calls.size();
  ASSERT_GT(calls, 10U);
  for (const FaultPlan& plan : support::every_fault(calls)) {
    const Played played = play(plan);
    const std::string name = plan.at <= played.calls.size() ? played.calls[plan.at - 1] : "";
    expect_clean(played, support::text_of(plan) + " " + name);
    if (HasFatalFailure()) return;
  }
}

TEST_P(EngineFaultsTest, WheneverItIsInterruptedNothingIsLeft) {
  for (const FaultPlan& plan :
       support::each_call(play({}).calls.size(), {Fault::none, Fault::lost_after, Fault::late_after, Fault::away})) {
    expect_clean(play(plan, Accident::interrupted), "interrupted, " + support::text_of(plan));
    if (HasFatalFailure()) return;
  }
}

TEST_P(EngineFaultsTest, WheneverTheRelayDiesNothingIsLeft) {
  if (!is_swarm()) return;  // has none
  for (const FaultPlan& plan :
       support::each_call(play({}).calls.size(), {Fault::none, Fault::missing, Fault::lost_after, Fault::away})) {
    expect_clean(play(plan, Accident::relay_dies), "without a relay, " + support::text_of(plan));
    if (HasFatalFailure()) return;
  }
}

/// The call's answer was lost, or an Engine was away for a moment: not a reason to lose a run.
TEST_P(EngineFaultsTest, AnEngineThatWasAwayForAMomentCostsNoWorker) {
  patience_.reconnect_for = std::chrono::seconds{20};
  for (const FaultPlan& plan : support::each_call(play({}).calls.size(), {Fault::away})) {
    EXPECT_EQ(play(plan).ending.workers, FaultyRun::worker_count) << support::text_of(plan);
  }
}

/// Each of its calls takes half a minute then. (While a Swarm's service is being made it is given time to come back.)
TEST_P(EngineFaultsTest, AnEngineThatFallsSilentIsNotAskedForEachThing) {
  const std::vector<std::string> calls = play({}).calls;
  const auto made = std::ranges::find(calls, "create_service");
  const std::size_t first = made == calls.end() ? 1 : static_cast<std::size_t>(made - calls.begin()) + 2;
  for (std::size_t at = first; at <= calls.size(); ++at) {
    const FaultPlan plan{at, Fault::late_before, true};
    const std::vector<std::string> asked = play(plan, Accident::interrupted).calls;
    EXPECT_LE(asked.size(), at + 5) << support::text_of(plan) << "\n" << support::lines_of(asked);
  }
}

TEST_P(EngineFaultsTest, AWorkerMoreIsMade) {
  const Started one = start_only(FaultyRun::worker_count);
  EXPECT_EQ(one.error, "");
}

TEST_P(EngineFaultsTest, MoreThanASwarmHasTokensForAreRefusedInWords) {
  if (!is_swarm()) return;  // has none
  const Started one = start_only(FaultyRun::worker_count + 64);
  EXPECT_EQ(one.kind, ErrorKind::rejected) << "another try is of no use";
  EXPECT_EQ(one.error, "a Swarm's service gets no more than " + std::to_string(FaultyRun::worker_count + 64) +
                           " workers while it runs");
  EXPECT_THAT(one.calls, testing::IsEmpty());
}

}  // namespace
}  // namespace nmz::orchestrator
