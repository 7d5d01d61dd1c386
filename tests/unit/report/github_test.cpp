#include "nmz/report/github.hpp"

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executions.hpp"

namespace nmz::report {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(GithubTest, NothingIsSaidOfWhatPassedOrWasNotRun) {
  EXPECT_TRUE(github_annotations({}).empty());
  const std::vector<Execution> executions{execution("a", Verdict::passed), execution("b", Verdict::cancelled),
                                          execution("c", Verdict::not_run)};
  EXPECT_TRUE(github_annotations(executions).empty());
}

TEST(GithubTest, AFailureIsAnErrorWithItsReasonAndLog) {
  Execution failed = execution("tests/a.sh", Verdict::failed, 1, "line 1\nassertion failed\n");
  failed.log_path = "logs/a.log";
  const std::vector<Execution> executions{failed};
  EXPECT_THAT(github_annotations(executions),
              ElementsAre("::error title=failed%3A tests/a.sh::exit 1 after 1.5 s on node-1%0Aline 1%0Aassertion "
                          "failed%0Alog: logs/a.log"));
}

TEST(GithubTest, WhatCouldEndAPropertyOrALineIsEscaped) {
  Execution failed = execution("100%,a::b\r\n", Verdict::failed, 1, "50%: x, y\r\n::error::fake");
  failed.node.clear();
  const std::vector<Execution> executions{failed};
  EXPECT_THAT(github_annotations(executions),
              ElementsAre("::error title=failed%3A 100%25%2Ca%3A%3Ab%0D%0A::exit 1 after 1.5 s%0A50%25: x, "
                          "y%0D%0A::error::fake"));
}

TEST(GithubTest, TheWorstComeFirstAndEachKindKeepsItsOrder) {
  const std::vector<Execution> executions{execution("f1", Verdict::flaky),     execution("l1", Verdict::lost),
                                          execution("t1", Verdict::timed_out), execution("x1", Verdict::failed),
                                          execution("t2", Verdict::timed_out), execution("x2", Verdict::failed),
                                          execution("f2", Verdict::failed, 1), execution("f2", Verdict::passed, 2)};
  const auto lines = github_annotations(executions);
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("::error title=failed%3A x1::"), StartsWith("::error title=failed%3A x2::"),
                          StartsWith("::error title=timed out%3A t1::"), StartsWith("::error title=timed out%3A t2::"),
                          StartsWith("::error title=lost%3A l1::"), StartsWith("::warning title=flaky%3A f1::"),
                          AllOf(StartsWith("::warning title=flaky%3A f2::"), HasSubstr("exit 1"),
                                HasSubstr("passed in attempt 2"))));
}

TEST(GithubTest, TenLinesAtMostAndTheLastTellsHowManyMore) {
  std::vector<Execution> executions;
  for (int i = 0; i < 10; ++i) executions.push_back(execution(fmt::format("t{}", i), Verdict::failed));
  EXPECT_EQ(github_annotations(executions).size(), 10);
  EXPECT_THAT(github_annotations(executions).back(), HasSubstr("t9"));

  executions.push_back(execution("slow", Verdict::timed_out));
  executions.push_back(execution("flaky", Verdict::flaky));
  const auto lines = github_annotations(executions);
  ASSERT_EQ(lines.size(), 10);
  EXPECT_THAT(lines[8], HasSubstr("t8"));
  EXPECT_EQ(lines[9], "::error title=3 more::3 more: 1 failed, 1 timed out, 1 flaky");
}

TEST(GithubTest, MoreFlakyOnesAreAWarning) {
  const std::vector<Execution> executions{execution("a", Verdict::failed), execution("b", Verdict::flaky),
                                          execution("c", Verdict::flaky)};
  EXPECT_THAT(github_annotations(executions, 2),
              ElementsAre(HasSubstr("failed"), "::warning title=2 more::2 more: 2 flaky"));
}

TEST(GithubTest, OfALongLogTheEndIsShown) {
  std::string log;
  for (int i = 0; i < 1000; ++i) log += fmt::format("line {}\n", i);
  const std::vector<Execution> executions{execution("a", Verdict::failed, 1, log)};
  const std::string line = github_annotations(executions).front();
  EXPECT_THAT(line, AllOf(HasSubstr("line 999"), testing::Not(HasSubstr("line 900"))));
}

TEST(GithubTest, AnyBytesGiveOneCommandALine) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 2000; ++i) {
    Execution any = random_execution(random);
    any.verdict = Verdict::failed;
    const std::vector<Execution> executions{any};
    const auto lines = github_annotations(executions);
    ASSERT_EQ(lines.size(), 1);
    ASSERT_EQ(lines[0].find_first_of(std::string{"\r\n\x1b\0", 4}), std::string::npos) << i;
    const std::string title = lines[0].substr(0, lines[0].find("::", 2));
    ASSERT_THAT(title, StartsWith("::error title=failed%3A "));
    ASSERT_EQ(title.find(','), std::string::npos);
  }
}

}  // namespace
}  // namespace nmz::report
