// A run that is shown again, and the logs that are kept.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::HasSubstr;

constexpr const char* one_fails = "echo this is $NMZ_WORKLOAD; test $NMZ_WORKLOAD != b";

TEST(ShowTest, PrintsWhatTheRunPrinted) {
  Swarm swarm;
  const auto run = swarm.run("a\nb\nc\n", {"-j2", "--retries", "1"}, one_fails);
  const auto shown = swarm.call({"show"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(shown.out, run.out);
  EXPECT_EQ(shown.err, run.err);
  EXPECT_THAT(swarm.call({"show", "last", "-q"}).out, testing::StartsWith("failed    b ("));
}

TEST(ShowTest, TheEventsAreThoseOfJson) {
  Swarm swarm;
  const auto run = swarm.run("a\nb\n", {"-j2", "--log-dir", "logs", "--json", "events"}, one_fails);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(swarm.read("logs/events.jsonl"), swarm.read("events"));
  const auto shown = swarm.call({"show", "logs", "--json", "-"});
  EXPECT_EQ(shown.out, swarm.read("events"));
  EXPECT_EQ(shown.err, "");
}

TEST(ShowTest, WhatIsNotThereIsNamed) {
  Swarm swarm;
  const auto never = swarm.call({"show"});
  EXPECT_EQ(never.exit_code, 128);
  EXPECT_THAT(never.err, HasSubstr("no run of nmzswarm is known here"));
  EXPECT_THAT(swarm.call({"show", "nothing"}).err, HasSubstr("there is no run 'nothing' (nmzswarm logs lists them)"));
  EXPECT_EQ(swarm.call({"show", "a", "b"}).exit_code, 128);
  EXPECT_EQ(swarm.call({"logs", "grow"}).exit_code, 128);
  EXPECT_EQ(swarm.call({"show", "--help"}).exit_code, 0);
}

TEST(ExportTest, IsShownAnywhereWithItsLogs) {
  Swarm swarm;
  const auto run = swarm.run("a\nb\nc\n", {"-j2", "--log-dir", "logs"}, one_fails);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const std::string before = swarm.call({"show", "logs", "--json", "-"}).out;
  EXPECT_EQ(swarm.call({"export", "logs"}).out, "logs.tar.gz\n");
  const std::string printed = swarm.call({"show", "logs"}).out;
  EXPECT_EQ(swarm.shell("rm -r logs").exit_code, 0);
  const auto shown = swarm.call({"show", "logs.tar.gz"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, testing::StartsWith(printed.substr(0, printed.find("----"))));
  EXPECT_EQ(std::count(shown.out.begin(), shown.out.end(), '\n'), std::count(printed.begin(), printed.end(), '\n'))
      << "the logs of failures are there: " << shown.out;
  EXPECT_EQ(swarm.call({"show", "logs.tar.gz", "--html", "page.html"}).exit_code, 0);
  EXPECT_THAT(swarm.read("page.html"), testing::EndsWith("</html>\n"));
  EXPECT_FALSE(before.empty());
}

/// The archive of somebody who means harm: its names lead out of any directory, and its recording is a link.
TEST(ExportTest, AnArchiveWritesNowhereElse) {
  Swarm swarm;
  const auto tried = swarm.shell(
      "mkdir in tmp && echo secret >secret && cd in && ln -s ../secret events.jsonl && echo no >../outside && "
      "tar czPf ../evil.tar.gz events.jsonl ../outside \"$PWD/../outside\" && cd .. && rm outside && "
      "TMPDIR=$PWD/tmp \"$SWARM\" show evil.tar.gz 2>&1; ls tmp; test ! -e outside && echo kept");
  EXPECT_THAT(tried.out, HasSubstr("there is no recording of a run"));
  EXPECT_THAT(tried.out, testing::EndsWith("kept\n"));
  EXPECT_THAT(tried.out, testing::Not(HasSubstr("nmz-run-\n")));
  EXPECT_THAT(swarm.shell("head -c 3000 /dev/urandom >noise; \"$SWARM\" show noise 2>&1").out, HasSubstr("is no run"));
}

TEST(LogsTest, AreListedAndPruned) {
  Swarm swarm;
  const auto run = swarm.run("a\n", {"-j1"}, "true");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto listed = swarm.call({"logs"});
  EXPECT_THAT(listed.out, testing::MatchesRegex("[0-9 :-]*  nmzswarm-[0-9]*-[0-9]*-[0-9]*\n"));
  const std::string name =
      listed.out.substr(listed.out.find("nmzswarm"), listed.out.size() - listed.out.find("nmzswarm") - 1);
  EXPECT_EQ(swarm.call({"show", name}).out, run.out);
  EXPECT_EQ(swarm.call({"logs", "prune"}).out, "removed the logs of 0 runs\n");
}

/// 52 runs of long ago: the next one leaves 49 of them beside itself.
TEST(LogsTest, OfOldRunsGoWithTheEndOfARun) {
  Swarm swarm;
  const auto ended = swarm.shell(
      "state=\"$XDG_STATE_HOME/namazu-swarm\"; mkdir -p \"$state\" && cd \"$state\" || exit\n"
      "for i in $(seq 52); do mkdir old-$i; printf 'Logs of a run of Namazu Swarm, removed when they are old.\\n"
      "name old-%s\\ninode %s\\nuser %s\\n' $i $(stat -c %i old-$i) $(id -u) >old-$i/.namazu-swarm\n"
      "touch -d '2 months ago' old-$i; done; mkdir old-theirs; touch -d '2 months ago' old-theirs\n"
      "echo a | \"$SWARM\" -q -j1 --no-history --workloads - -- true && ls -d old-[0-9]* | wc -l && ls -d old-theirs");
  EXPECT_THAT(ended.out, testing::EndsWith("\n49\nold-theirs\n")) << ended.err;
}

}  // namespace
}  // namespace nmz::nmzswarm
