// The log of a job: streamed, capped with its beginning and its end, and searched.
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

WorkerOptions no_tree() {
  WorkerOptions options;
  options.with_tree = false;
  return options;
}

/// Resident memory of a process at its highest, in KiB.
long peak_memory(pid_t pid) {
  const std::string status = support::read_file("/proc/" + std::to_string(pid) + "/status");
  return std::stol(status.substr(status.find("VmHWM:") + 6));
}

TEST(LogTest, BothStreamsArriveInOrderWhileTheTestRuns) {
  Worker worker{no_tree()};
  worker.send(worker.shell("echo out; echo err >&2; echo out; read forever < /dev/zero"));
  worker.await_started();
  std::string log;
  while (log.size() < 12) {
    log += worker.expect<wire::Log>().bytes;
  }
  EXPECT_EQ(log, "out\nerr\nout\n");
}

TEST(LogTest, WhatIsWithinTheLimitIsComplete) {
  Worker worker{no_tree()};
  auto run = worker.shell("seq 1 2000");
  const std::string whole = worker.run(run).log;
  for (const std::size_t limit : {whole.size(), whole.size() + 1, 2 * whole.size()}) {
    run.log_limit = limit;
    const auto result = worker.run(run);
    EXPECT_EQ(result.log, whole) << "limit " << limit;
    EXPECT_EQ(result.finished.log_cut, 0U);
  }
}

TEST(LogTest, ALongLogKeepsItsBeginningAndItsEnd) {
  Worker worker{no_tree()};
  auto run = worker.shell("seq 1 100000");
  const auto whole = worker.run(run);
  for (const std::uint64_t limit : {1000U, 40'000U, 100'000U, 400'001U}) {
    run.log_limit = limit;
    const auto result = worker.run(run);
    const std::size_t head = limit - limit / 4;
    const std::string notice =
        "\n[... " + std::to_string(result.finished.log_cut) + " bytes of the log are left out here ...]\n";
    EXPECT_EQ(result.log, whole.log.substr(0, head) + notice + whole.log.substr(whole.log.size() - limit / 4));
    EXPECT_EQ(result.finished.log_bytes, whole.log.size());
    EXPECT_EQ(result.finished.log_cut, whole.log.size() - limit);
  }
}

TEST(LogTest, BuildAndTestShareTheLimit) {
  Worker worker{no_tree()};
  auto run = worker.shell("echo the end");
  run.build = "seq 1 10000";
  run.log_limit = 1000;
  const auto result = worker.run(run);
  EXPECT_THAT(result.log, StartsWith("1\n2\n"));
  EXPECT_THAT(result.log, EndsWith("10000\nthe end\n"));
  EXPECT_LT(result.log.size(), 1100U);
}

TEST(LogTest, AGigabyteOfOutputCostsNeitherMemoryNorMinutes) {
  Worker worker{no_tree()};
  const auto begin = std::chrono::steady_clock::now();
  auto run = worker.shell("head -c 1000000000 /dev/zero; echo; echo last line");
  run.log_limit = 1 << 20;
  const auto result = worker.run(run);
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(result.finished.log_bytes, 1'000'000'011U);
  EXPECT_THAT(result.log, EndsWith("\nlast line\n"));
  EXPECT_LT(result.log.size(), (1U << 20U) + 100U);
  const long kib = peak_memory(worker.pid());
  std::printf("1 GB of output: %.2f s, %ld KiB resident at most\n", lasted.count(), kib);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(kib, 32 * 1024);
#endif
}

TEST(LogTest, APeerThatDoesNotReadStopsTheTestAndNotTheMachine) {
  Worker worker{no_tree()};
  auto run = worker.shell("head -c 50000000 /dev/zero; echo done");
  worker.send(run);
  std::this_thread::sleep_for(300ms);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(peak_memory(worker.pid()), 32 * 1024);
#endif
  const auto result = worker.await_job();
  EXPECT_EQ(result.finished.log_bytes, 50'000'005U);
  EXPECT_EQ(result.log.size(), 50'000'005U);
}

TEST(LogTest, ATestThatClosesItsOutputRunsOn) {
  Worker worker{no_tree()};
  const auto result = worker.run(worker.shell("exec >&- 2>&-; sleep 0.1; exit 4"));
  EXPECT_EQ(result.finished.outcome.code, 4);
}

struct MatchCase {
  const char* expression;
  const char* script;
  bool matched;
};

TEST(LogTest, MatchLooksAtEveryLineByItself) {
  const std::vector<MatchCase> cases = {
      {"FAIL", "echo all; echo FAILED; exit 1", true},
      {"^FAIL$", "echo xFAIL; echo FAILx", false},
      {"^FAIL$", "echo x; printf FAIL", true},
      {"a.b", R"(printf 'a\nb\n')", false},
      {"^$", R"(printf 'a\n\nb\n')", true},
      {"^$", "true", false},
      {"(one|two){2}", "echo onetwo >&2", true},
      {"one|two", "echo three", false},
      {R"(x\.y)", "echo xzy", false},
      {"after", R"(printf 'before\0after\n')", true},
      {"needle", "head -c 200000 /dev/zero | tr '\\0' x; echo needle", true},
      {"needle", "seq 1 100000; echo needle; seq 1 100000", true},
  };
  Worker worker{no_tree()};
  for (const auto& [expression, script, matched] : cases) {
    auto run = worker.shell(script);
    run.match = expression;
    run.log_limit = 1000;
    EXPECT_EQ(worker.run(run).finished.outcome.matched, matched) << expression << " in " << script;
  }
}

TEST(LogTest, MatchIsAboutTheTestAndNotAboutItsBuild) {
  Worker worker{no_tree()};
  auto run = worker.shell("echo fine; exit 1");
  run.build = "echo needle";
  run.match = "needle";
  EXPECT_FALSE(worker.run(run).finished.outcome.matched);
}

TEST(LogTest, AnInvalidExpressionIsNotStarted) {
  Worker worker{no_tree()};
  auto run = worker.job({"true"});
  run.match = "a(b";
  const auto result = worker.run(run);
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::not_started);
  EXPECT_EQ(result.finished.outcome.code, EINVAL);
  EXPECT_THAT(result.finished.outcome.detail, HasSubstr("a(b"));
}

}  // namespace
}  // namespace nmz::agent
