// What a job's command gets, and what is said about how it ended.
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using job::OutcomeKind;
using job::Phase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JobTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(worker_
                  .lay_out({{"d/f", "1"},
                            {"shebangless", "echo shebangless $0 $1\n", wire::FileMode::executable},
                            {"lost", "#!/not/there -x\n", wire::FileMode::executable},
                            {"plain", "#!/bin/sh\n"}},
                           {}, replace_all)
                  .kind,
              OutcomeKind::exited);
  }

  Worker worker_;
};

TEST_F(JobTest, ExitCodesComeThroughUnchanged) {
  for (const int code : {0, 1, 2, 125, 126, 127, 128, 255}) {
    const auto result = worker_.run(worker_.shell("exit " + std::to_string(code)));
    EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::exited);
    EXPECT_EQ(result.finished.outcome.code, code);
    EXPECT_EQ(result.finished.outcome.detail, "");
    EXPECT_TRUE(result.finished.outcome.matched);
    EXPECT_FALSE(result.finished.outcome.disk_full);
    EXPECT_THAT(result.started, ElementsAre(Phase::test));
  }
}

TEST_F(JobTest, SignalsAreToldFromExitCodes) {
  for (const int number : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM, SIGPIPE}) {
    const auto result = worker_.run(worker_.shell("kill -" + std::to_string(number) + " $$"));
    EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::signaled);
    EXPECT_EQ(result.finished.outcome.code, number);
    EXPECT_THAT(job::describe(result.finished.outcome), HasSubstr("signal " + std::to_string(number) + " ("));
  }
}

TEST_F(JobTest, JobAttemptTimesAndLogSizeAreReported) {
  auto run = worker_.shell("printf 12345; sleep 0.5");
  run.attempt = 7;
  run.nonce = {11, 13};
  run.build = "printf 123; sleep 0.02";
  const auto result = worker_.run(run);
  EXPECT_EQ(result.finished.job, run.job);
  EXPECT_EQ(result.finished.attempt, 7U);
  EXPECT_EQ(result.finished.nonce, (wire::Nonce{11, 13}));
  EXPECT_GE(result.finished.test_time, 500ms);
  EXPECT_LT(result.finished.test_time, patience);
  EXPECT_LT(result.finished.cpu_time, 500ms) << "a sleep costs nothing";
  EXPECT_GE(result.finished.build_time, 20ms);
  EXPECT_EQ(result.finished.log_bytes, 8U);
  EXPECT_EQ(result.finished.log_cut, 0U);
  EXPECT_EQ(result.log, "12312345");
}

TEST_F(JobTest, CpuTimeIsOfAllItsProcesses) {
  const auto result = worker_.run(worker_.shell("(i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done) & wait"));
  EXPECT_GE(result.finished.cpu_time, result.finished.test_time / 10);
  EXPECT_GT(result.finished.cpu_time, 5ms);
}

struct NotStarted {
  const char* name;
  std::vector<std::string> argv;
  int code;
  const char* detail;
};

TEST_F(JobTest, WhatCannotBeExecutedIsNotAnExitCode) {
  const std::vector<NotStarted> cases = {
      {"missing", {"no-such-command-here"}, ENOENT, "no-such-command-here"},
      {"missing path", {"./no/such/file"}, ENOENT, "./no/such/file"},
      {"empty name", {""}, ENOENT, "''"},
      {"not executable", {"./plain"}, EACCES, "./plain"},
      {"directory", {"./d"}, EACCES, "directory"},
      {"interpreter missing", {"./lost"}, ENOENT, "/not/there"},
      {"file as directory", {"./plain/x"}, ENOTDIR, "./plain/x"},
      {"no command", {}, EINVAL, "no command"},
      {"NUL", {"echo", std::string("a\0b", 3)}, EINVAL, "NUL"},
  };
  for (const auto& test : cases) {
    const auto result = worker_.run(worker_.job(test.argv));
    EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::not_started) << test.name;
    // execvp() goes on after ENOTDIR, and what remains is that nothing was found.
    EXPECT_EQ(result.finished.outcome.code, test.code == ENOTDIR ? ENOENT : test.code) << test.name;
    EXPECT_THAT(result.finished.outcome.detail, HasSubstr(test.detail)) << test.name;
    EXPECT_THAT(result.started, IsEmpty()) << test.name;
  }
}

TEST_F(JobTest, TooManyArgumentsAreNotStarted) {
  const auto result = worker_.run(worker_.job({"true", std::string(500'000, 'x')}));
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::not_started);
  EXPECT_EQ(result.finished.outcome.code, E2BIG);
}

TEST_F(JobTest, AScriptWithoutShebangRunsInTheShell) {
  const auto result = worker_.run(worker_.job({"./shebangless", "%s --log $HOME"}));
  EXPECT_EQ(result.log, "shebangless ./shebangless %s --log $HOME\n");
}

TEST_F(JobTest, ArgumentsArriveUntouched) {
  const std::vector<std::string> arguments{"a b", "", "'\"\\", "$HOME", "*", "--", "%s", "\xff\n"};
  std::vector<std::string> argv{"sh", "-c", R"(for a; do printf '[%s]' "$a"; done)", "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  EXPECT_EQ(worker_.run(worker_.job(argv)).log, "[a b][]['\"\\][$HOME][*][--][%s][\xff\n]");
}

TEST_F(JobTest, ProgramReplacesTheFileButNotTheName) {
  auto run = worker_.job({"my-name", "-c", "echo $0"});
  run.program = "/bin/sh";
  EXPECT_EQ(worker_.run(run).log, "my-name\n");
  run.program = "sh";
  EXPECT_EQ(worker_.run(run).log, "my-name\n");
}

TEST_F(JobTest, InputIsStdinAndNoInputIsTheNullDevice) {
  auto run = worker_.job({"cat"});
  EXPECT_EQ(worker_.run(run).log, "");
  run.input = "line\nno newline";
  EXPECT_EQ(worker_.run(run).log, run.input);
  run.input.assign(3'000'000, 'x');
  EXPECT_EQ(worker_.run(run).finished.log_bytes, run.input.size());
  run.argv = {"true"};
  EXPECT_EQ(worker_.run(run).finished.outcome.kind, OutcomeKind::exited) << "a command need not read its input";
}

TEST_F(JobTest, EnvironmentIsInheritedChangedAndUnset) {
  ASSERT_EQ(::setenv("NMZ_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(::setenv("NMZ_TEST_CHANGED", "old", 1), 0);
  ASSERT_EQ(::setenv("NMZ_TEST_UNSET", "old", 1), 0);
  Worker worker;
  auto run = worker.shell("echo $NMZ_TEST_KEPT,$NMZ_TEST_CHANGED,${NMZ_TEST_UNSET-unset},$NMZ_COMMIT");
  run.env = {"NMZ_TEST_CHANGED=new=1", "NMZ_COMMIT=first", "NMZ_COMMIT=c0ffee"};
  run.unset = {"NMZ_TEST_UNSET", "NMZ_TEST_NEVER_SET"};
  EXPECT_EQ(worker.run(run).log, "kept,new=1,unset,c0ffee\n");
  run.env = {"no equals sign"};
  EXPECT_EQ(worker.run(run).finished.outcome.kind, OutcomeKind::not_started);
}

TEST_F(JobTest, TheCommandIsLookedUpInTheJobsOwnPath) {
  ASSERT_EQ(worker_
                .lay_out({{"tools/tool", "#!/bin/sh\necho mine\n", wire::FileMode::executable},
                          {"first/tool", "not executable"}})
                .kind,
            OutcomeKind::exited);
  auto run = worker_.job({"tool"});
  const std::string tree = worker_.tree().string();
  run.env = {"PATH=" + tree + "/first:/not/there:" + tree + "/tools"};
  EXPECT_EQ(worker_.run(run).log, "mine\n");
  run.env = {"PATH=" + tree + "/first"};
  EXPECT_EQ(worker_.run(run).finished.outcome.code, EACCES);
  run.directory = "tools";
  run.env = {"PATH="};
  EXPECT_EQ(worker_.run(run).log, "mine\n") << "an empty element is the current directory";
  run.argv = {"true"};
  run.env = {};
  run.unset = {"PATH"};
  EXPECT_EQ(worker_.run(run).finished.outcome.code, 0);
}

TEST_F(JobTest, RunsInItsDirectory) {
  auto run = worker_.shell("pwd -P; echo $PWD");
  const std::string tree = worker_.tree().string();
  EXPECT_EQ(worker_.run(run).log, tree + '\n' + tree + '\n');
  run.directory = "d";
  EXPECT_EQ(worker_.run(run).log, tree + "/d\n" + tree + "/d\n");
  for (const char* missing : {"nowhere", "plain", "d/f"}) {
    run.directory = missing;
    const auto result = worker_.run(run);
    EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::untestable) << missing;
    EXPECT_THAT(result.finished.outcome.detail, HasSubstr(missing));
  }
}

TEST_F(JobTest, BuildRunsFirstAndHasToSucceed) {
  auto run = worker_.shell("cat built");
  run.build = "echo building && echo product > built";
  const auto good = worker_.run(run);
  EXPECT_THAT(good.started, ElementsAre(Phase::build, Phase::test));
  EXPECT_EQ(good.log, "building\nproduct\n");
  EXPECT_EQ(good.finished.outcome.code, 0);

  run.build = "echo broken; exit 3";
  const auto broken = worker_.run(run);
  EXPECT_THAT(broken.started, ElementsAre(Phase::build));
  EXPECT_EQ(broken.log, "broken\n");
  EXPECT_EQ(broken.finished.outcome.kind, OutcomeKind::build_failed);
  EXPECT_EQ(broken.finished.outcome.code, 3);

  run.build = "kill -9 $$";
  EXPECT_EQ(worker_.run(run).finished.outcome.code, 128 + SIGKILL);
}

TEST_F(JobTest, TheInputIsForTheTestAndNotForTheBuild) {
  auto run = worker_.job({"cat"});
  run.build = "cat";
  run.input = "once";
  EXPECT_EQ(worker_.run(run).log, "once");
}

TEST_F(JobTest, ACommandGetsACleanProcess) {
  const auto run = worker_.shell(
      "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> \\(.*\\)/\\1 \\2/p' | grep -v '^3 /proc';"
      "grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o pid=,pgid=,sid= -p $$");
  const auto result = worker_.run(run);
  EXPECT_THAT(result.log, HasSubstr("0 /dev/null\n"));
  EXPECT_THAT(result.log, ::testing::Not(HasSubstr("socket:")));
  EXPECT_THAT(result.log, ::testing::Not(::testing::ContainsRegex("\n[4-9] ")));
  EXPECT_THAT(result.log, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(result.log, HasSubstr("SigIgn:\t0000000000000000"));
  std::vector<pid_t> ids;
  for (std::size_t at = result.log.rfind('\n', result.log.size() - 2); at < result.log.size();) {
    at = result.log.find_first_of("0123456789", at);
    if (at != std::string::npos) {
      ids.push_back(static_cast<pid_t>(std::stol(result.log.substr(at))));
      at = result.log.find_first_not_of("0123456789", at);
    }
  }
  ASSERT_EQ(ids.size(), 3U) << result.log;
  EXPECT_EQ(ids[0], ids[1]) << "leads its process group";
  EXPECT_EQ(ids[0], ids[2]) << "leads its session";
}

TEST_F(JobTest, WithoutATreeTheJobRunsWhereTheAgentIs) {
  WorkerOptions options;
  options.with_tree = false;
  Worker worker{options};
  EXPECT_EQ(worker.run(worker.shell("pwd -P")).log, fs::current_path().string() + '\n');
  auto run = worker.shell("pwd -P");
  run.directory = "/";
  EXPECT_EQ(worker.run(run).log, "/\n");
}

/// Starting /bin/true and waiting for it without an agent, for comparison.
std::chrono::microseconds spawn_and_wait(int times) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) {
    std::string name = "true";
    std::array<char*, 2> argv{name.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, "/bin/true", nullptr, nullptr, argv.data(), environ), 0);
    ::waitpid(child, nullptr, 0);
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin) / times;
}

TEST_F(JobTest, ManyJobsOneAfterTheOther) {
  constexpr int jobs = 300;
  std::chrono::microseconds inside{0};
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < jobs; ++i) {
    const auto result = worker_.run(worker_.job({"/bin/true"}));
    ASSERT_EQ(result.finished.outcome.code, 0);
    inside += result.finished.test_time;
  }
  const auto whole =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin) / jobs;
  const auto bare = spawn_and_wait(jobs);
  std::printf("a trivial job: %ld us, %ld of them between start and end of the command; without an agent: %ld us\n",
              static_cast<long>(whole.count()), static_cast<long>((inside / jobs).count()),
              static_cast<long>(bare.count()));
}

}  // namespace
}  // namespace nmz::agent
