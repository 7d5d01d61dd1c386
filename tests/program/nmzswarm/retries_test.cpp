// --retries and --timeout Nx, from the command line to every output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// a passes, b passes at its second attempt, c never does, d times out.
constexpr const char* script =
    "echo $NMZ_WORKLOAD attempt $NMZ_ATTEMPT on $NMZ_WORKER >>diary.txt\n"
    "case $NMZ_WORKLOAD in a) ;; b) test $NMZ_ATTEMPT = 2;; c) exit 7;; d) sleep 60;; esac";

class RetriesTest : public testing::Test {
 protected:
  /// The workloads run in directories of their own; the diary is in the test's.
  support::Ended run(const std::string& list, std::vector<std::string> options) {
    std::string here = script;
    here.replace(here.find("diary.txt"), sizeof "diary.txt" - 1, (swarm.place() / "diary.txt").string());
    return swarm.run(list, options, here);
  }
  Swarm swarm;
};

TEST_F(RetriesTest, EveryKindOfEndHasItsOwnWord) {
  const auto ended = run("a\nb\nc\nd\n", {"-j2", "--retries", "1", "--timeout", "3s", "--kill-grace", "100ms", "--json",
                                          "events", "--junit", "out.xml"});
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 of 4 passed, 1 failed, 1 timed out, 1 flaky"));
  EXPECT_THAT(swarm.read("events"),
              AllOf(HasSubstr(R"("passed":1,"failed":1,"timed_out":1,"flaky":1,"lost":0,"cancelled":0,"not_run":0)"),
                    HasSubstr(R"("result":"flaky")"), HasSubstr(R"("result":"retried")")));
  EXPECT_THAT(swarm.read("out.xml"),
              AllOf(HasSubstr("tests=\"4\" failures=\"2\""), HasSubstr("<flakyFailure"), HasSubstr("<rerunFailure")));
}

TEST_F(RetriesTest, AFlakyWorkloadPassesUnlessToldOtherwise) {
  const auto passes = run("a\nb\n", {"-j1", "--retries", "3"});
  EXPECT_EQ(passes.exit_code, 0) << passes.err;
  EXPECT_THAT(passes.out, AllOf(HasSubstr("1 of 2 passed, 1 flaky"), HasSubstr("flaky     b (exit 1; ")));
  EXPECT_EQ(run("a\nb\n", {"-j1", "--retries", "3", "--flaky-result", "fail"}).exit_code, 1);
  EXPECT_EQ(run("a\nb\n", {"-j1"}).exit_code, 1);
}

TEST_F(RetriesTest, TheSecondAttemptIsOnAnotherWorker) {
  EXPECT_EQ(run("b\na\n", {"-j2", "--retries", "1"}).exit_code, 0);
  const std::string diary = swarm.read("diary.txt");
  const bool first = diary.find("b attempt 1 on 0") != std::string::npos;
  EXPECT_THAT(diary, HasSubstr(first ? "b attempt 2 on 1" : "b attempt 2 on 0"));
}

TEST_F(RetriesTest, FailFastCountsWhatIsNotTriedAgain) {
  const auto ended = run("c\na\nb\n", {"-j1", "--retries", "1", "--fail-fast"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(swarm.read("diary.txt"), HasSubstr("c attempt 2"));
}

TEST_F(RetriesTest, ATimeoutCanBeAMultipleOfWhatIsExpected) {
  const auto first = run("a\nb\n", {"-j1", "--timeout", "3x"});
  EXPECT_THAT(first.out, HasSubstr("2 of 2 workloads never ran before: they have no timeout"));
  const auto second = run("a\n", {"-j1", "--timeout", "3x"});
  EXPECT_THAT(second.out, AllOf(Not(HasSubstr("no timeout")), HasSubstr("1 of 1 passed")));
  EXPECT_THAT(run("a\n", {"--timeout", "0.5x"}).err, HasSubstr("--timeout needs a time, or a factor from 1"));
}

TEST_F(RetriesTest, WhatFailedAndWasInterruptedBeforeItsRetryHasFailed) {
  const auto ended =
      swarm.run("a\nb\nc\n", {"-j1", "--retries", "1", "--junit", "out.xml"},
                "test $NMZ_WORKLOAD = b || exit 3; kill $(ps -o ppid= -p $(ps -o ppid= -p $PPID)); sleep 60");
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("0 of 3 passed, 1 failed, 1 cancelled, 1 not run"), HasSubstr("---- a (exit 3)")));
  EXPECT_THAT(swarm.read("out.xml"), HasSubstr(R"(failures="1")"));
}

}  // namespace
}  // namespace nmz::nmzswarm
