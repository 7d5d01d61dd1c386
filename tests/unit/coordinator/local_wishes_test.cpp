// What the user wants while real agents run real jobs on this machine.
#include <cerrno>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/orchestrator/local.hpp"

#include "list_plan_fake.hpp"
#include "support/temp_directory.hpp"

namespace nmz::coordinator {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// A shell script for each subject.
class ScriptSource final : public WorkSource {
 public:
  explicit ScriptSource(std::vector<std::string> scripts) : scripts_{std::move(scripts)} {}
  wire::Run run(const dispatch::Assign& assignment) override {
    wire::Run run;
    run.argv = {"sh", "-c", scripts_.at(assignment.subject)};
    run.timeout = std::chrono::seconds{30};
    run.kill_grace = std::chrono::milliseconds{100};
    run.log_limit = 1000;
    return run;
  }

 private:
  std::vector<std::string> scripts_;
};

/// Hears what jobs print.
class Listener final : public Observer {
 public:
  void log(const dispatch::Assign& assignment, std::string_view bytes) override {
    if (heard) heard(assignment, std::string{bytes});
  }
  std::function<void(const dispatch::Assign&, const std::string&)> heard;
};

class LocalWishesTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path tree(job::WorkerId worker) const {
    return temp.path() / std::to_string(static_cast<std::uint32_t>(worker)) / "tree";
  }

  void run(std::vector<std::string> scripts,
           const std::function<void(Coordinator&, const dispatch::Assign&, const std::string&)>& heard) {
    orchestrator::LocalOptions options;
    options.agent = NMZ_NMZAGENT;
    options.run_mark = temp.path().string();
    fs::create_directories(tree(job::WorkerId{0}));
    options.trees = {tree(job::WorkerId{0})};
    options.another = [this](job::WorkerId worker) -> Result<orchestrator::LocalPlace> {
      fs::create_directories(tree(worker));
      orchestrator::LocalPlace place;
      place.tree = tree(worker);
      return place;
    };
    orchestrator::Local local{io.get_executor(), std::move(options)};
    plan.emplace(scripts.size());
    ScriptSource source{std::move(scripts)};
    Listener listener;
    Coordinator coordinator{io, Parts{*plan, local, source, listener}, Options()};
    listener.heard = [&](const dispatch::Assign& what, const std::string& text) { heard(coordinator, what, text); };
    auto done = [](const std::exception_ptr& bug, const RunEnd& end) {
      if (bug) std::rethrow_exception(bug);
      EXPECT_EQ(end.why, dispatch::Stop::Why::finished);
    };
    asio::co_spawn(io, coordinator.run(), std::move(done));
    io.run();
  }

  support::TempDirectory temp;
  asio::io_context io;
  std::optional<ListPlanFake> plan;
};

TEST_F(LocalWishesTest, WhatIsCancelledOrSkippedEndsWithAllThatItStarted) {
  const std::string lasts = "sleep 600 & echo $!; wait";
  std::vector<pid_t> pids;
  run({lasts, lasts, "exit 7"}, [&](Coordinator& coordinator, const dispatch::Assign& what, const std::string& text) {
    pids.push_back(std::stoi(text));
    what.subject == 0 ? coordinator.cancel(what.job) : coordinator.skip(what.subject);
  });
  EXPECT_EQ(plan->outcomes.at(0).kind, job::OutcomeKind::cancelled);
  EXPECT_EQ(plan->outcomes.at(1).kind, job::OutcomeKind::skipped);
  EXPECT_EQ(plan->outcomes.at(2).code, 7);
  ASSERT_EQ(pids.size(), 2U);
  for (const pid_t pid : pids) EXPECT_EQ(::kill(pid, 0), -1) << pid;
}

/// Each waits for the other.
TEST_F(LocalWishesTest, AWorkerMoreRunsBesideInATreeOfItsOwn) {
  const auto meets = [this](const std::string& name, const std::string& other) {
    const std::string here = temp.path().string();
    return "pwd >" + here + "/" + name + "; echo begun; until test -s " + here + "/" + other + "; do sleep 0.01; done";
  };
  bool asked = false;
  run({meets("a", "b"), meets("b", "a")}, [&](Coordinator& coordinator, const dispatch::Assign&, const std::string&) {
    if (!std::exchange(asked, true)) coordinator.change_workers(1);
  });
  EXPECT_EQ(plan->outcomes.at(0).kind, job::OutcomeKind::exited);
  EXPECT_EQ(plan->outcomes.at(1).kind, job::OutcomeKind::exited);
  std::string second;
  std::getline(std::ifstream{temp.path() / "b"}, second);
  EXPECT_EQ(second, tree(job::WorkerId{1}).string());
}

}  // namespace
}  // namespace nmz::coordinator
