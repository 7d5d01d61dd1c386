// A cluster from the first look at the Engine to the last removal, with an Engine in memory that fails or stalls at
// each of its calls.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/cluster/cluster.hpp"

#include "support/faulty_run.hpp"
#include "support/temp_directory.hpp"

namespace nmz::cluster {
namespace {

using support::FakeDocker;
using support::FakeDockerApi;
using support::Fault;
using support::FaultPlan;
using support::FaultyRun;

struct Place {
  const char* name;
  Kind kind;
  Inject inject;
};

class ClusterFaultsTest : public testing::TestWithParam<Place> {
 protected:
  ClusterFaultsTest() { support::write_file(agent(), "an agent"); }

  [[nodiscard]] std::filesystem::path agent() const { return directory_.path() / "agent"; }

  [[nodiscard]] static Options options() {
    Options options;
    options.kind = GetParam().kind;
    options.inject = GetParam().inject;
    options.image = FakeDocker::image;
    options.name = "nmz";
    return options;
  }

  struct Played {
    std::vector<Error> errors;  ///< before there were workers
    support::Ending ending;
    std::vector<std::string> calls;
    std::vector<std::string> left;
    std::vector<std::string> left_at_last;
  };

  Played play(FaultPlan plan, bool interrupted = false) {
    boost::asio::io_context io;
    const auto docker = std::make_shared<FakeDocker>(io.get_executor());
    FaultyRun run{io};
    if (interrupted) plan.action = [&run] { run.interrupt(); };
    Played played;
    auto engine = std::make_unique<FakeDockerApi>(io.get_executor(), docker, std::move(plan));
    const auto calls = engine->call_list();
    live(io, run, std::move(engine), played);
    played.calls = *calls;
    io.restart();
    io.poll();
    played.left = docker->labelled(orchestrator::run_label);
    docker->kill_owners(orchestrator::owner_label);
    io.restart();
    EXPECT_TRUE(Cluster::collect(io, options(), orchestrator::Sweep::dead,
                                 std::make_unique<FakeDockerApi>(io.get_executor(), docker)));
    played.left_at_last = docker->labelled(orchestrator::run_label);
    return played;
  }

  void live(boost::asio::io_context& io, FaultyRun& run, std::unique_ptr<docker::Api> engine, Played& played) {
    auto cluster = Cluster::open(io, options(), std::move(engine));
    if (!cluster) {
      played.errors.push_back(cluster.error());
      return;
    }
    WorkersRequest request;
    request.agent = agent();
    request.count = FaultyRun::worker_count;
    request.patience = support::no_patience();
    auto workers = (*cluster)->workers(request);
    if (!workers) {
      played.errors.push_back(workers.error());
      return;
    }
    played.ending = run.play(**workers, GetParam().kind == Kind::docker);
  }

  static void expect_clean(const Played& played, const std::string& where) {
    EXPECT_THAT(played.left_at_last, testing::IsEmpty()) << where;
    for (const Error& error : played.errors) support::expect_one_line(error, where);
    if (!played.errors.empty()) return;
    support::expect_sound(played.ending, where);
    const std::size_t silently = played.ending.closed ? played.left.size() : 0;
    EXPECT_EQ(silently, 0U) << where << " left " << support::lines_of(played.left);
  }

  support::TempDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Where, ClusterFaultsTest,
                         testing::Values(Place{"Docker", Kind::docker, Inject::automatic},
                                         Place{"Swarm", Kind::swarm, Inject::automatic},
                                         Place{"DockerImage", Kind::docker, Inject::image},
                                         Place{"SwarmImage", Kind::swarm, Inject::image}),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_P(ClusterFaultsTest, WithoutAFaultNothingIsLeft) {
  const Played played = play({});
  EXPECT_EQ(played.ending.workers, FaultyRun::worker_count);
  expect_clean(played, "no fault");
}

TEST_P(ClusterFaultsTest, WhateverCallFailsNothingIsLeft) {
  const std::size_t calls = play({}).calls.size();
  ASSERT_GT(calls, 10U);
  for (const FaultPlan& plan : support::every_fault(calls)) {
    const Played played = play(plan);
    const std::string name = plan.at <= played.calls.size() ? played.calls[plan.at - 1] : "";
    expect_clean(played, support::text_of(plan) + " " + name);
    if (HasFatalFailure()) return;
  }
}

TEST_P(ClusterFaultsTest, WheneverItIsInterruptedNothingIsLeft) {
  for (const FaultPlan& plan : support::each_call(play({}).calls.size(), {Fault::none, Fault::lost_after})) {
    expect_clean(play(plan, true), "interrupted, " + support::text_of(plan));
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace nmz::cluster
