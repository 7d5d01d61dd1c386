// The files a run leaves for other programs.
#include <chrono>
#include <sstream>
#include <string>

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

TEST(ReportsTest, TheDebugLogHasTheWorkersAndTheDecisionsAndNoSecret) {
  Swarm swarm;
  const auto ended = swarm.run("a\nb\n", {"-j2", "--debug-log", "made/debug", "--env", "TOKEN=geheim"},
                               "echo $TOKEN; test $NMZ_WORKLOAD != b");
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_THAT(swarm.read("made/debug"), AllOf(HasSubstr(" info worker: 0: Welcome from "), HasSubstr(", exit 1 after "),
                                              Not(HasSubstr("geheim"))));
}

TEST(ReportsTest, TheTraceHasEveryExecution) {
  Swarm swarm;
  const auto ended = swarm.run("a\nc\n", {"-j2", "--trace", "out.json"}, two_of_three);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(swarm.read("out.json"), AllOf(HasSubstr("traceEvents"), HasSubstr("\"a\""), HasSubstr("\"c\"")));
}

TEST(ReportsTest, WhatCannotBeWrittenIsToldBeforeTheRun) {
  Swarm swarm;
  for (const char* option : {"--junit", "--trace", "--json"}) {
    const auto ended = swarm.run("a\n", {"-j1", option, "/dev/null/out"}, "touch ran");
    EXPECT_EQ(ended.exit_code, 128) << option;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("cannot write '/dev/null/out': "), Not(HasSubstr("internal")))) << option;
    EXPECT_EQ(ended.out, "") << option;
  }
}

TEST(ReportsTest, AReportThatCannotBeWrittenFailsARunThatPassed) {
  Swarm swarm;
  for (const char* option : {"--junit", "--trace", "--json"}) {
    const auto passed = swarm.run("a\n", {"-j1", option, "/dev/full"}, two_of_three);
    EXPECT_EQ(passed.exit_code, 3) << option;
    EXPECT_THAT(passed.err, HasSubstr("cannot write '/dev/full'")) << option;
    const auto failed = swarm.run("b\n", {"-j1", option, "/dev/full"}, two_of_three);
    EXPECT_EQ(failed.exit_code, 1) << option;
  }
}

TEST(ReportsTest, MissingFoldersAreMadeAlsoWhenATestRemovesThem) {
  Swarm swarm;
  const auto ended = swarm.run("a\n", {"-j1", "--junit", "new/deep/out.xml"}, "rm -rf \"$OLDPWD/new\" new");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(swarm.read("new/deep/out.xml"), HasSubstr("</testsuites>"));
}

TEST(ReportsTest, WhatIsAskedForOnStandardOutputIsThereAlone) {
  Swarm swarm;
  EXPECT_THAT(swarm.run("a\nb\n", {"-j1", "--junit", "-"}, two_of_three).out,
              AllOf(testing::StartsWith("<?xml"), testing::EndsWith("</testsuites>\n")));
  EXPECT_THAT(swarm.run("a\nb\n", {"-j1", "--trace", "-"}, two_of_three).out,
              AllOf(testing::StartsWith("{\"displayTimeUnit"), testing::EndsWith("]}\n")));
  EXPECT_THAT(swarm.run("a\nb\n", {"-j1", "--json", "-"}, two_of_three).out,
              AllOf(testing::StartsWith("{"), testing::EndsWith("}\n")));
  EXPECT_EQ(swarm.run("a\n", {"--junit", "-", "--json", "-"}, "true").exit_code, 128);
  EXPECT_EQ(swarm.run("a\n", {"--list", "--json", "-"}, "true").exit_code, 128);
}

TEST(ReportsTest, QuietNamesWhatFailed) {
  Swarm swarm;
  const auto ended = swarm.run("a\nb\n", {"-j1", "-q"}, two_of_three);
  EXPECT_THAT(ended.out, AllOf(HasSubstr("failed    b (exit 1; "), Not(HasSubstr("this is b"))));
}

TEST(ReportsTest, AReaderThatGoesAwayEndsTheRunQuietly) {
  Swarm swarm;
  const auto ended = swarm.shell(
      "seq 1000 | (\"$SWARM\" -j2 --no-history --workloads - -- sleep 0.1; echo $? >status) 2>&1 | head -n 1; cat "
      "status; "
      "ls \"$XDG_CACHE_HOME\"/*/");
  EXPECT_THAT(ended.out, testing::MatchesRegex("2 workers: [^\n]*\n141\n"));
  EXPECT_LT(ended.duration, std::chrono::seconds{25});
}

TEST(ReportsTest, NoEscapeSequenceOfOthersIsShown) {
  Swarm swarm;
  const auto ended = swarm.run("evil \x1b]0;title\a\x1b[2J\n", {"-j1", "--log-dir", "logs \x1b[31m"},
                               "printf '\\033[31mred\\033[0m\\tnext\\r\\n\\033[2J'; exit 1");
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("red\tnext\n"), HasSubstr("failed    evil  ("), Not(HasSubstr("[31m"))));
}

TEST(ReportsTest, CommandsInALogAreStoppedInGitHubActions) {
  Swarm swarm;
  const std::string script = "echo '::error::forged'; echo '  ::add-mask::x'; exit 1";
  EXPECT_THAT(swarm.run("##[group]b\n", {"-j1"}, script).out, Not(HasSubstr("stop-commands")));
  swarm.environment = {"GITHUB_ACTIONS=true"};
  const std::string out = swarm.run("##[group]b\n", {"-j1"}, script).out;
  std::string token;
  std::istringstream lines{out};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("::stop-commands::") && token.empty()) {
      token = line.substr(std::string{"::stop-commands::"}.size());
    } else if (line == "::" + token + "::") {
      token.clear();
    } else if (token.empty() && !line.starts_with("::error title=")) {  // which is our own, one line whatever it quotes
      EXPECT_THAT(line, Not(HasSubstr("##["))) << out;
      EXPECT_THAT(line, Not(HasSubstr("::add-mask"))) << out;
      EXPECT_THAT(line, Not(testing::StartsWith("::error::"))) << out;
    }
  }
  EXPECT_EQ(token, "") << out;
  EXPECT_THAT(out, AllOf(HasSubstr("::stop-commands::"), HasSubstr("\n::error title=")));
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
