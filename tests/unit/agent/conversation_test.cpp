// The protocol itself: greeting, heartbeats, what is out of place, and the program's options.
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "support/run_program.hpp"
#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using ::testing::HasSubstr;

constexpr int protocol_error = 3;

WorkerOptions ungreeted() {
  WorkerOptions options;
  options.greet = false;
  return options;
}

TEST(ConversationTest, WelcomeSaysWhoAnswers) {
  Worker worker{ungreeted()};
  worker.send(wire::Hello{});
  const auto welcome = worker.expect<wire::Welcome>();
  EXPECT_EQ(welcome.protocol, wire::protocol_version);
  EXPECT_EQ(welcome.version, NMZ_VERSION);
  EXPECT_EQ(welcome.pid, static_cast<std::uint32_t>(worker.pid()));
  EXPECT_NE(welcome.node, "");
}

TEST(ConversationTest, ALongNameOfTheNodeIsCutBetweenCharacters) {
  const std::string fits(wire::longest_name, 'n');
  const std::string with_half(wire::longest_name - 1, 'n');
  for (const auto& [told, said] : {std::pair{fits, fits}, {fits + "m", fits}, {with_half + "\u00fc", with_half}}) {
    ASSERT_EQ(::setenv("NMZ_NODE", told.c_str(), 1), 0);
    Worker worker{ungreeted()};
    worker.send(wire::Hello{});
    EXPECT_EQ(worker.expect<wire::Welcome>().node, said);
  }
  ::unsetenv("NMZ_NODE");
}

TEST(ConversationTest, AnotherProtocolVersionEndsTheAgent) {
  Worker worker{ungreeted()};
  wire::Hello hello;
  hello.protocol = wire::protocol_version + 1;
  worker.send(hello);
  EXPECT_EQ(worker.wait_for_exit(), protocol_error);
}

struct Violation {
  const char* name;
  bool greet;
  std::vector<wire::Message> messages;
};

TEST(ConversationTest, WhatIsOutOfPlaceEndsTheAgent) {
  wire::Run run;
  run.argv = {"sleep", "1000"};
  const wire::TreeFile file{"f", wire::FileMode::regular, 3, false};
  const std::vector<Violation> cases = {
      {"a job before Hello", false, {run}},
      {"Hello twice", true, {wire::Hello{}}},
      {"an agent's message", true, {wire::Heartbeat{}}},
      {"a job in a job", true, {run, run}},
      {"a tree in a job", true, {run, wire::TreeBegin{}}},
      {"a file without a tree", true, {file}},
      {"data without a file", true, {wire::TreeBegin{true}, wire::TreeData{"x"}}},
      {"too much data", true, {wire::TreeBegin{true}, file, wire::TreeData{"four"}}},
      {"too much data after a failure",
       true,
       {wire::TreeBegin{true}, wire::TreeRemove{".."}, file, wire::TreeData{"four"}}},
      {"too little data", true, {wire::TreeBegin{true}, file, wire::TreeData{"2!"}, wire::TreeEnd{}}},
      {"a tree in a tree", true, {wire::TreeBegin{true}, wire::TreeBegin{true}}},
      {"a job in a tree", true, {wire::TreeBegin{true}, run}},
      {"the end of no tree", true, {wire::TreeEnd{}}},
  };
  for (const auto& [name, greet, messages] : cases) {
    WorkerOptions options;
    options.greet = greet;
    Worker worker{options};
    for (const auto& message : messages) {
      worker.send(message);
    }
    EXPECT_EQ(worker.wait_for_exit(), protocol_error) << name;
  }
}

TEST(ConversationTest, GarbageEndsTheAgentAndNeverCrashesIt) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random{seed};
    Worker worker{ungreeted()};
    if (seed % 2 == 0) {
      worker.send(wire::Hello{});
    }
    std::string garbage(1 + random() % 2000, '\0');
    for (char& byte : garbage) {
      byte = static_cast<char>(static_cast<unsigned char>(random()));
    }
    worker.send_bytes(garbage);
    worker.end_input();
    const int code = worker.wait_for_exit();
    EXPECT_TRUE(code == protocol_error || code == 0) << "seed " << seed << ": " << code;
  }
}

TEST(ConversationTest, HeartbeatsComeWhateverTheJobDoes) {
  WorkerOptions options;
  options.heartbeat = 20ms;
  Worker worker{options};
  const auto count = [&](job::JobId job) {
    const auto message = worker.receive();
    const auto* heartbeat = message ? std::get_if<wire::Heartbeat>(&*message) : nullptr;
    return heartbeat != nullptr && heartbeat->job == job ? 1 : 0;
  };
  for (int beats = 0; beats < 3;) {
    beats += count(job::JobId{});
  }
  auto run = worker.shell("trap '' TERM; exec 2>/dev/null; while :; do sleep 0.01; done");
  run.kill_grace = 300ms;
  worker.send(run);
  for (int beats = 0; beats < 3;) {
    beats += count(run.job);
  }
  worker.send(wire::Cancel{run.job});
  for (int beats = 0; beats < 3;) {
    beats += count(run.job);
  }
  EXPECT_EQ(worker.await_job().finished.outcome.kind, OutcomeKind::cancelled);
}

TEST(ConversationTest, HeartbeatsComeWhileATreeIsLaidOutAndSwept) {
  WorkerOptions options;
  options.heartbeat = 1ms;
  Worker worker{options};
  constexpr int count = 1500;
  std::vector<File> files;
  files.reserve(count);
  for (int i = 0; i < count; ++i) {
    files.emplace_back(std::to_string(i / 100) + "/f" + std::to_string(i), "content");
  }
  ASSERT_EQ(worker.lay_out(files, {}, replace_all).kind, OutcomeKind::exited);
  worker.send(replace_all);
  worker.send(wire::TreeEnd{});
  int beats = 0;
  for (auto message = worker.receive(); message && std::holds_alternative<wire::Heartbeat>(*message);
       message = worker.receive()) {
    ++beats;
  }
  EXPECT_GT(beats, 0) << "removing thousands of files takes longer than a heartbeat";
}

TEST(ConversationTest, NoHeartbeatsWhenNoneAreAskedFor) {
  Worker worker;
  ASSERT_EQ(worker.run(worker.job({"sleep", "0.2"})).finished.outcome.kind, OutcomeKind::exited);
  EXPECT_THROW(static_cast<void>(worker.receive(100ms)), std::runtime_error);
}

TEST(ConversationTest, StdinAndStdoutAreTheStreamWhenNoDescriptorIsGiven) {
  WorkerOptions options;
  options.with_tree = false;
  const support::TempDirectory temp{"stdio"};
  options.arguments = {"--tree", temp.path().string()};
  Worker worker{options};
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(temp.path() / "f"), "1");
  const auto result = worker.run(worker.shell("echo log; readlink /proc/self/fd/0"));
  EXPECT_EQ(result.log, "log\n/dev/null\n") << "a command must not write into the stream";
}

TEST(ConversationTest, OptionsOfTheProgram) {
  const auto version = support::run_program(support::Program{{NMZ_AGENT, "--version"}});
  EXPECT_EQ(version.out, "nmzagent " NMZ_VERSION "\n");
  EXPECT_EQ(version.exit_code, 0);
  const auto help = support::run_program(support::Program{{NMZ_AGENT, "--help"}});
  EXPECT_THAT(help.out, HasSubstr("--tree DIR"));
  EXPECT_EQ(help.exit_code, 0);
  for (const auto& wrong : std::vector<std::vector<std::string>>{
           {NMZ_AGENT, "--fd"}, {NMZ_AGENT, "--fd", "x"}, {NMZ_AGENT, "--tree"}, {NMZ_AGENT, "extra"}}) {
    const auto ended = support::run_program(support::Program{wrong});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("Usage"));
  }
  EXPECT_EQ(support::run_program(support::Program{{NMZ_AGENT, "--fd", "99"}}).exit_code, 4);
}

}  // namespace
}  // namespace nmz::agent
