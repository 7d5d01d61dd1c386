// nmzagent funker, called by hand: bytes in, bytes out.
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "called_agent.hpp"
#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::funker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Each line as a command.
constexpr const char* run_lines = "while read -r line; do sh -c \"$line\" || exit 7; done";
constexpr int signalled = 5;

void reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(fd);
}

/// Until the file has something in it.
std::string content_of(const fs::path& file) {
  std::string text;
  for (int tries = 0; !text.ends_with('\n') && tries < 3000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    if (fs::exists(file)) text = support::read_file(file);
  }
  return text;
}

bool ends(pid_t process) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (::kill(process, 0) != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

/// As v0's own worker answered these very bytes.
TEST(FunkerWorkerTest, AnswersAsTheWorkerOfV0DoesChunkAfterChunk) {
  CalledAgent worker{run_lines};
  const std::string request =
      R"({"chunk_id":3,"workloads":[{"id":"echo hi '<b> & é'"},{"id":"printf 'a\\377b\\t\\001\\010\\014\\177\\\\\"\\r\\n)"
      R"(\\342\\200\\250\\355\\240\\200\\360\\237\\230'"}]})";
  const std::string answer =
      R"({"chunk_id":3,"successful":true,"raw_log":"hi \u003cb\u003e \u0026 é\na\ufffdb\t\u0001\u0008\u000c)"
      "\x7f"
      R"(\\\"\r\n\u2028\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"})";
  EXPECT_EQ(read_all(worker.call(request)), answer);
  EXPECT_EQ(
      read_all(worker.call(R"({"chunk_id":4,"workloads":[{"id":"echo no >&2"},{"id":"false"},{"id":"echo x"}]})")),
      R"({"chunk_id":4,"successful":false,"raw_log":"no\n"})");
  EXPECT_EQ(read_all(worker.call(R"({"chunk_id":5,"workloads":null})")),
            R"({"chunk_id":5,"successful":true,"raw_log":""})");
  EXPECT_THAT(worker.line(), HasSubstr("chunk 3: 2 workload(s), successful"));
  EXPECT_THAT(worker.line(), HasSubstr("chunk 4: 3 workload(s), failed"));
}

TEST(FunkerWorkerTest, WhatIsNoRequestGetsNoAnswerAndDoesNoHarm) {
  CalledAgent worker{run_lines};
  EXPECT_EQ(read_all(worker.call("")), "") << "somebody who looks whether it is there";
  EXPECT_EQ(read_all(worker.call("GET / HTTP/1.1\r\n\r\n")), "");
  EXPECT_THAT(worker.line(), HasSubstr("this is no chunk request: a value is missing"));
  EXPECT_EQ(read_all(worker.call(R"({"chunk_id":1,"workloads":[{"id":"tou)")), "");
  EXPECT_THAT(worker.line(), HasSubstr("this is no chunk request: it ends in the middle"));
  EXPECT_EQ(read_all(worker.call(std::string(std::size_t{33} << 20, ' '))), "");
  EXPECT_THAT(worker.line(), HasSubstr("it is larger than 32 MiB"));
  EXPECT_EQ(read_all(worker.call(R"({"chunk_id":1})")), R"({"chunk_id":1,"successful":true,"raw_log":""})");
}

TEST(FunkerWorkerTest, WhoIsServedIsAloneAndOneThatGoesHasItsChunkEnded) {
  const support::TempDirectory place{"funker"};
  CalledAgent worker{run_lines};
  const int first =
      worker.call("{\"workloads\":[{\"id\":\"echo $$ >" + (place.path() / "pid").string() + "; exec sleep 600\"}]}");
  const pid_t sleeper = std::stoi(content_of(place.path() / "pid"));
  EXPECT_EQ(worker.connect(), -1) << "it is busy";
  reset(first);
  EXPECT_THAT(worker.line(), HasSubstr("the caller is gone"));
  EXPECT_TRUE(ends(sleeper));
  EXPECT_THAT(worker.line(), HasSubstr("no answer"));
  EXPECT_EQ(read_all(worker.call("{}")), R"({"chunk_id":0,"successful":true,"raw_log":""})");
}

TEST(FunkerWorkerTest, SigtermEndsItAndAllThatItRuns) {
  const support::TempDirectory place{"funker"};
  CalledAgent worker{run_lines};
  const std::string file = (place.path() / "pid").string();
  const int call = worker.call(R"({"workloads":[{"id":"setsid sh -c 'echo $$ >)" + file + "; exec sleep 600'\"}]}");
  const pid_t sleeper = std::stoi(content_of(file));
  worker.signal(SIGTERM);
  EXPECT_EQ(worker.wait(), signalled);
  EXPECT_EQ(read_all(call), "") << "it has no verdict";
  EXPECT_TRUE(ends(sleeper));
  CalledAgent idle{run_lines};
  idle.signal(SIGTERM);
  EXPECT_EQ(idle.wait(), signalled);
}

TEST(FunkerWorkerTest, OnceIsOneAnswer) {
  CalledAgent worker{run_lines, {"-once"}};
  EXPECT_EQ(read_all(worker.call("no request")), "");
  EXPECT_EQ(read_all(worker.call("{}")), R"({"chunk_id":0,"successful":true,"raw_log":""})");
  EXPECT_EQ(worker.wait(), 0);
}

TEST(FunkerWorkerTest, ALargeLogIsAnsweredWithoutBeingKeptInMemory) {
  CalledAgent worker{"head -c 20000000 /dev/zero | tr '\\0' x", {"--once"}};
  const std::string answer = read_all(worker.call("{}"));
  EXPECT_EQ(worker.wait(), 0);
  const std::string head = R"({"chunk_id":0,"successful":true,"raw_log":")";
  EXPECT_EQ(answer.size(), head.size() + std::size_t{20000000} + 2);
  EXPECT_TRUE(answer.starts_with(head + "xx"));
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(worker.peak_memory(), std::size_t{12} << 20);
#endif
}

TEST(FunkerWorkerTest, WrongWordsAreRefused) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"funker"},
                                                {"funker", "--executor"},
                                                {"funker", "--executor", ""},
                                                {"funker", "--executor", "x", "--listen", "y"},
                                                {"funker", "--executor", "x", "more"}}) {
    std::vector<std::string> argv{NMZ_AGENT};
    argv.insert(argv.end(), words.begin(), words.end());
    const support::Ended ended = support::run_program(support::Program{argv});
    EXPECT_EQ(ended.exit_code, 2) << testing::PrintToString(words);
    EXPECT_THAT(ended.err, HasSubstr("nmzagent funker [--listen")) << testing::PrintToString(words);
  }
}

}  // namespace
}  // namespace nmz::funker
