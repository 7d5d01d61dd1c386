// A run that is shown again, and the logs that are kept.
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
