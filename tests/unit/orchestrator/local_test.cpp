// Local workers with the real agent.
#include "nmz/orchestrator/local.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/wire/codec.hpp"

#include "conversation.hpp"
#include "processes.hpp"
#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr job::WorkerId worker{0};

/// Neither its session nor its environment says whose it is.
constexpr const char* unmarked_daemon = "setsid env -i sh -c 'echo $$; exec sleep 600' & wait";

class LocalTest : public testing::Test {
 protected:
  LocalTest() {
    fs::create_directory(tree_);
    LocalOptions options;
    options.agent = NMZ_NMZAGENT;
    options.trees = {tree_};
    options.run_mark = temp_.path().string();
    local_.emplace(io_.get_executor(), options);
  }

  void run(std::function<asio::awaitable<void>()> body) {
    auto coroutine = body();
    auto done = [](const std::exception_ptr& bug) {
      if (bug) std::rethrow_exception(bug);
    };
    asio::co_spawn(io_, std::move(coroutine), std::move(done));
    io_.run();
  }

  /// Starts the agent and greets it; returns its pid.
  asio::awaitable<std::uint32_t> greet(std::optional<Conversation>& conversation) {
    auto started = co_await local_->start(worker);
    if (!started) {
      ADD_FAILURE() << started.error().message;
      co_return 0;
    }
    conversation.emplace(*started);
    const wire::Message hello = wire::Hello{};
    const bool said = co_await conversation->say(hello);
    EXPECT_TRUE(said);
    std::optional<wire::Welcome> welcome = co_await conversation->hear<wire::Welcome>();
    if (!welcome) ADD_FAILURE() << "no Welcome";
    co_return welcome ? welcome->pid : 0;
  }

  /// The number that the script prints.
  static asio::awaitable<pid_t> start_job(Conversation& conversation, std::string script) {
    wire::Run job;
    job.job = job::JobId{1};
    job.argv = {"sh", "-c", std::move(script)};
    job.log_limit = 1000;
    const wire::Message message = job;
    const bool said = co_await conversation.say(message);
    EXPECT_TRUE(said);
    std::optional<wire::Log> log = co_await conversation.hear<wire::Log>();
    if (!log) {
      ADD_FAILURE() << "the job said nothing";
      co_return 0;
    }
    co_return static_cast<pid_t>(std::stol(log->bytes));
  }

  support::TempDirectory temp_;
  fs::path tree_ = temp_.path() / "tree";
  asio::io_context io_;
  std::optional<Local> local_;
};

bool alive(pid_t pid) { return facts_of(pid).has_value(); }

bool dies(pid_t pid) {
  for (int i = 0; i < 300; ++i) {
    if (!alive(pid)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

TEST_F(LocalTest, AnAgentEndsWithItsStream) {
  run([this]() -> asio::awaitable<void> {
    std::optional<Conversation> conversation;
    const std::uint32_t pid = co_await greet(conversation);
    EXPECT_TRUE(alive(static_cast<pid_t>(pid)));
    conversation.reset();
    co_await local_->stop(worker);
    EXPECT_FALSE(alive(static_cast<pid_t>(pid)));
  });
}

TEST_F(LocalTest, StartingAgainEndsTheAgentBefore) {
  run([this]() -> asio::awaitable<void> {
    std::optional<Conversation> first;
    std::optional<Conversation> second;
    const std::uint32_t before = co_await greet(first);
    const std::uint32_t after = co_await greet(second);
    EXPECT_NE(before, after);
    EXPECT_FALSE(alive(static_cast<pid_t>(before)));
    EXPECT_TRUE(alive(static_cast<pid_t>(after)));
    second.reset();
    co_await local_->stop(worker);
  });
}

TEST_F(LocalTest, WhatAKilledAgentLeftRunningIsEnded) {
  run([this]() -> asio::awaitable<void> {
    std::optional<Conversation> conversation;
    const std::uint32_t agent = co_await greet(conversation);
    const pid_t left = co_await start_job(*conversation, unmarked_daemon);
    ::kill(static_cast<pid_t>(agent), SIGKILL);
    std::optional<wire::Finished> finished = co_await conversation->hear<wire::Finished>();
    EXPECT_FALSE(finished) << "a killed agent cannot finish";
    co_await local_->stop(worker);
    EXPECT_TRUE(dies(left));
  });
}

TEST_F(LocalTest, WhatAStoppedAgentRunsIsEnded) {
  run([this]() -> asio::awaitable<void> {
    std::optional<Conversation> conversation;
    const std::uint32_t agent = co_await greet(conversation);
    const pid_t left = co_await start_job(*conversation, unmarked_daemon);
    ::kill(static_cast<pid_t>(agent), SIGSTOP);
    co_await local_->stop(worker);
    EXPECT_TRUE(dies(static_cast<pid_t>(agent)));
    EXPECT_TRUE(dies(left));
  });
}

TEST_F(LocalTest, AnAgentWhoseKeeperWasKilledEndsItsJob) {
  run([this]() -> asio::awaitable<void> {
    std::optional<Conversation> conversation;
    const std::uint32_t agent = co_await greet(conversation);
    const pid_t left = co_await start_job(*conversation, unmarked_daemon);
    ::kill(facts_of(static_cast<pid_t>(agent))->parent, SIGKILL);
    std::optional<wire::Finished> finished = co_await conversation->hear<wire::Finished>();
    EXPECT_TRUE(finished && finished->outcome.kind == job::OutcomeKind::cancelled);
    EXPECT_TRUE(dies(left));
    co_await local_->stop(worker);
    EXPECT_TRUE(dies(static_cast<pid_t>(agent)));
  });
}

TEST_F(LocalTest, AStoppedAgentWhoseKeeperIsStoppedOrKilledIsEnded) {
  // As another user than root, whom the kernel does not let look into an agent.
  const pid_t child = ::fork();
  if (child != 0) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "see what the child printed";
    return;
  }
  fs::permissions(temp_.path(), fs::perms::all);
  fs::permissions(tree_, fs::perms::all);
  ASSERT_TRUE(::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // Local was made by the parent of this process
  run([this]() -> asio::awaitable<void> {
    for (const int fate : {SIGSTOP, SIGKILL}) {
      std::optional<Conversation> conversation;
      const auto agent = static_cast<pid_t>(co_await greet(conversation));
      const pid_t left = co_await start_job(*conversation, "echo $$; exec sleep 600");
      ::kill(agent, SIGSTOP);
      ::kill(facts_of(agent)->parent, fate);
      co_await local_->stop(worker);
      EXPECT_TRUE(dies(agent)) << fate;
      EXPECT_TRUE(dies(left)) << fate;
      ::kill(agent, SIGKILL);
    }
  });
  local_.reset();
  std::fflush(stdout);
  ::_exit(HasFailure() ? 1 : 0);
}

/// The pid that the shell of this script prints; the shell itself is waited for, what it left came to us.
pid_t stranger(const std::string& script) {
  const std::unique_ptr<FILE, int (*)(FILE*)> output{::popen(script.c_str(), "r"), &::pclose};
  int pid = 0;
  EXPECT_EQ(std::fscanf(output.get(), "%d", &pid), 1);
  return pid;
}

TEST_F(LocalTest, WhatSomebodyElseStartedIsLeftAlone) {
  // As with `exec nmzswarm`, or as the first process of a container: a daemon that was there before, one that loses its
  // parent only now, and one that is a child of ours from the start; sessions say nothing.
  const pid_t before = stranger("setsid sleep 600 >/dev/null & echo $!");
  run([this, before]() -> asio::awaitable<void> {
    std::optional<Conversation> conversation;
    const std::uint32_t agent = co_await greet(conversation);
    const pid_t meanwhile = stranger("(setsid sh -c 'sleep 600 & wait' >/dev/null & echo $!)");
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      ::pause();
      ::_exit(0);
    }
    ::kill(static_cast<pid_t>(agent), SIGKILL);
    conversation.reset();
    co_await local_->stop(worker);
    local_.reset();
    for (const pid_t theirs : {before, meanwhile, child}) {
      EXPECT_TRUE(alive(theirs)) << theirs;
      EXPECT_EQ(::waitpid(theirs, nullptr, WNOHANG), 0) << "it has ended";
      ::kill(-theirs, SIGKILL);
      ::kill(theirs, SIGKILL);  // on a busy machine it may have no session of its own yet
      ::waitpid(theirs, nullptr, 0);
    }
  });
}

TEST_F(LocalTest, AMissingAgentIsNamed) {
  LocalOptions options;
  options.agent = temp_.path() / "no agent";
  options.trees = {tree_};
  Local local{io_.get_executor(), options};
  run([&local]() -> asio::awaitable<void> {
    const auto started = co_await local.start(worker);
    EXPECT_FALSE(started);
    if (!started) {
      EXPECT_THAT(started.error().message, testing::HasSubstr("no agent"));
    }
  });
}

}  // namespace
}  // namespace nmz::orchestrator
