// The files a run leaves for other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* two_of_three = "echo this is $NMZ_WORKLOAD; test $NMZ_WORKLOAD != b";

TEST(ReportsTest, JUnitTellsEveryWorkloadWithTheEndOfAFailuresLog) {
  Swarm swarm;
  const auto ended = swarm.run("a\nb\nc\n", {"-j2", "--junit", "out.xml"}, two_of_three);
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  const std::string report = swarm.read("out.xml");
  EXPECT_THAT(report, HasSubstr("tests=\"3\" failures=\"1\" errors=\"0\""));
  EXPECT_THAT(report, AllOf(HasSubstr("this is b"), Not(HasSubstr("this is a"))));
}

TEST(ReportsTest, WhatWasNotRunIsThereAsSkipped) {
  Swarm swarm;
  const auto ended = swarm.run("b\nc\nd\n", {"-j1", "--fail-fast", "--junit", "out.xml"}, two_of_three);
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(swarm.read("out.xml"), HasSubstr("tests=\"3\" failures=\"1\" errors=\"0\""));
  EXPECT_THAT(swarm.read("out.xml"), HasSubstr("skipped=\"2\""));
}

TEST(ReportsTest, TheTraceHasEveryExecution) {
  Swarm swarm;
  const auto ended = swarm.run("a\nc\n", {"-j2", "--trace", "out.json"}, two_of_three);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(swarm.read("out.json"), AllOf(HasSubstr("traceEvents"), HasSubstr("\"a\""), HasSubstr("\"c\"")));
}

TEST(ReportsTest, AReportThatCannotBeWrittenFailsARunThatPassed) {
  Swarm swarm;
  const auto passed = swarm.run("a\n", {"-j1", "--junit", "missing/out.xml"}, two_of_three);
  EXPECT_EQ(passed.exit_code, 3);
  EXPECT_THAT(passed.err, HasSubstr("the JUnit report is missing: "));
  const auto failed = swarm.run("b\n", {"-j1", "--trace", "missing/out.json"}, two_of_three);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, HasSubstr("the trace report is missing: "));
}

TEST(ReportsTest, AnnotationsOnlyInGitHubActions) {
  Swarm swarm;
  EXPECT_THAT(swarm.run("b\n", {"-j1"}, two_of_three).out, Not(HasSubstr("::error")));
  swarm.environment = {"GITHUB_ACTIONS=true"};
  std::string list;
  for (char c = 'a'; c <= 'z'; ++c) list += std::string{c} + "\n";
  const std::string out = swarm.run(list, {"-j2"}, "exit 1").out;
  std::size_t annotations = 0;
  for (auto at = out.find("::error"); at != std::string::npos; at = out.find("::error", at + 1)) ++annotations;
  EXPECT_EQ(annotations, 10U) << out;
}

TEST(DirectoriesTest, WhatCannotBeUsedIsNamedWithARemedyThatIsThere) {
  Swarm swarm;
  const auto ended = swarm.shell("echo a | XDG_CACHE_HOME=/proc/nowhere \"$SWARM\" --workloads - -- true");
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, testing::AllOf(testing::HasSubstr("/proc/nowhere"), testing::HasSubstr("XDG_CACHE_HOME"),
                                        testing::Not(testing::HasSubstr("--work-dir"))));
}

}  // namespace
}  // namespace nmz::nmzswarm
