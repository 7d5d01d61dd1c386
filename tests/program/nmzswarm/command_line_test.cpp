// Command lines as users of GNU parallel and xargs write them.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() { swarm.environment.emplace_back("PLACE=" + swarm.place().string()); }
  Swarm swarm;
};

TEST_F(CommandLineTest, APlaceAndAList) {
  const auto ended =
      swarm.shell("$SWARM -j2 -- sh -c 'echo \"<$1>\" >>\"$PLACE/$2\"' sh {.} n{#} ::: 'a b.x' \"it's.x\" '$(id)'");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("3 of 3 passed"));
  EXPECT_EQ(swarm.read("n1") + swarm.read("n2") + swarm.read("n3"), "<a b>\n<it's>\n<$(id)>\n");
}

TEST_F(CommandLineTest, NothingInAWorkloadIsReadAsShell) {
  const std::string evil = "a'b\"c $(touch $PLACE/hacked); touch $PLACE/hacked #";
  const auto ended = swarm.call({"--", "sh", "-c", R"(printf '%s\n' {} "{}" '{}' >$PLACE/said)", ":::", evil});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(swarm.read("said"), evil + "\n" + evil + "\n" + evil + "\n");
  EXPECT_FALSE(fs::exists(swarm.place() / "hacked"));
}

TEST_F(CommandLineTest, TheListMayComeThroughAPipe) {
  const auto ended =
      swarm.call({"-j1", "--no-history", "--", "sh", "-c", "echo {} >>$PLACE/said; cat >>$PLACE/said"}, "x\ny\n");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(swarm.read("said"), "x\ny\n") << "and nothing is on standard input";
  EXPECT_EQ(swarm.call({"-j1", "--no-history", "--", "sh", "-c", "cat >>$PLACE/stdin"}, "x\ny\n").exit_code, 0);
  EXPECT_EQ(swarm.read("stdin"), "x\ny\n");
}

TEST_F(CommandLineTest, WithoutAPlaceTheListedWordIsTheLast) {
  EXPECT_EQ(swarm.call({"--", "mkdir", "-p", ":::", "a/b", "c d"}).exit_code, 0);
  EXPECT_TRUE(fs::is_directory(swarm.place() / "a/b"));
  EXPECT_TRUE(fs::is_directory(swarm.place() / "c d"));
}

TEST_F(CommandLineTest, NulsAreBetweenWhatFindPrints) {
  std::ofstream{swarm.place() / "two\nlines"};
  std::ofstream{swarm.place() / "a b"};
  const auto ended = swarm.shell("find . -maxdepth 1 -type f -print0 | $SWARM -0 -- rm {}");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_FALSE(fs::exists(swarm.place() / "two\nlines"));
  EXPECT_FALSE(fs::exists(swarm.place() / "a b"));
  const auto listed = swarm.call({"-0", "--list", "--workloads", "-", "--filter", "^b"}, std::string{"a\0b\nc\r\0", 8});
  EXPECT_EQ(listed.out, std::string("b\nc\r\0", 5));
}

TEST_F(CommandLineTest, BracesOfAnotherLanguageCanBeLeftAlone) {
  const auto say = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words = options;
    for (const char* word : {"--log-dir", "logs", "--", "awk", "BEGIN { print \"{}\" }"}) words.emplace_back(word);
    const auto ended = swarm.call(words, "x\n");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return swarm.read("logs/000000-x.log");
  };
  EXPECT_EQ(say({}), "x\n");
  EXPECT_EQ(say({"-I", ""}), "{}\n");
  EXPECT_EQ(say({"-I", "@"}), "{}\n");
}

TEST_F(CommandLineTest, AHuntTellsTheCommandThatListsTheOne) {
  const auto ended = swarm.shell("$SWARM -j1 --repeat 1 --seed 7 -- sh -c 'exit 1' sh {} ::: 'a b'");
  EXPECT_THAT(
      ended.out,
      AllOf(HasSubstr(
                "nmzswarm -j1 --repeat 1 --seed 7 --shard 1/1 --repeat 1 --seed 7 -- sh -c 'exit 1' sh '{}' ::: 'a b'"),
            Not(HasSubstr("printf"))));
}

// ---- skipped

TEST_F(CommandLineTest, WhatSkipsItselfIsToldEverywhereAndFailsNothing) {
  swarm.environment.emplace_back("GITHUB_ACTIONS=true");
  const auto ended = swarm.call({"--junit", "junit", "--json", "events", "--log-dir", "logs", "--fail-fast", "--", "sh",
                                 "-c", "exit {}", ":::", "0", "77", "125"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("skipped   77 ("), HasSubstr("1 of 3 passed, 2 skipped in"), Not(HasSubstr("::error"))));
  EXPECT_THAT(swarm.read("junit"), AllOf(HasSubstr("failures=\"0\""), HasSubstr("skipped=\"2\""),
                                         HasSubstr("<skipped message=\"skipped: exit 125\">")));
  EXPECT_THAT(swarm.read("events"), AllOf(HasSubstr(R"("result":"skipped")"), HasSubstr(R"("skipped":2)")));
  EXPECT_THAT(swarm.call({"--log-dir", "logs", "--rerun", "failed", "--", "sh", ":::", "0", "77"}).err,
              HasSubstr("nothing to run"));
}

TEST_F(CommandLineTest, AllSkippedIsSaid) {
  const auto ended = swarm.call({"--", "sh", "-c", "exit 77", "{}", ":::", "a", "b"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("all 2 workload(s) were skipped"));
  EXPECT_THAT(swarm.call({"history"}).out, Not(HasSubstr("sh")));
}

TEST_F(CommandLineTest, WhichCodesSkipCanBeSaid) {
  const auto with = [&](const std::vector<std::string>& options, const std::string& code) {
    std::vector<std::string> words = options;
    for (const std::string& word : {std::string{"--"}, std::string{"sh"}, std::string{"-c"}, "exit " + code})
      words.push_back(word);
    return swarm.call(words, "a\n").exit_code;
  };
  EXPECT_EQ(with({}, "77"), 0);
  EXPECT_EQ(with({}, "4"), 1);
  EXPECT_EQ(with({"--skip-code", "4,5"}, "4"), 0);
  EXPECT_EQ(with({"--skip-code", "4,5"}, "77"), 1);
  EXPECT_EQ(with({"--skip-code", "none"}, "77"), 1);
  EXPECT_EQ(with({"--chunks", "1"}, "77"), 1) << "nobody knows which of a chunk's workloads that is about";
  EXPECT_EQ(with({"--skip-code", "0"}, "1"), 128);
  EXPECT_EQ(with({"--skip-code", "1,,2"}, "1"), 128);
}

TEST_F(CommandLineTest, AFailureIsNotHiddenByASkipAfterIt) {
  const auto ended = swarm.run("a\n", {"--retries", "1"}, "test $NMZ_ATTEMPT = 1 && exit 1; exit 77");
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
}

TEST_F(CommandLineTest, AHuntForWhatAlwaysSkipsEnds) {
  const auto ended = swarm.run("a\n", {"--until-fail"}, "exit 77");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 skipped"));
}

TEST_F(CommandLineTest, AViewIsChosenByItsName) {
  const std::string failing = " -- sh -c 'exit $1' sh {} ::: 0 1";
  const auto json = swarm.shell("$SWARM --ui json" + failing);
  EXPECT_EQ(json.exit_code, 1) << json.err;
  EXPECT_TRUE(json.out.starts_with("{\"event\":")) << json.out;
  EXPECT_THAT(json.out, Not(HasSubstr("\n1 of 2")));
  EXPECT_THAT(json.err, Not(HasSubstr("2 workloads"))) << "only what failed, as with --quiet";
  const auto quiet = swarm.shell("$SWARM --ui quiet" + failing);
  EXPECT_THAT(quiet.out, AllOf(HasSubstr("failed"), Not(HasSubstr("2 workloads"))));
  EXPECT_THAT(swarm.shell("$SWARM --ui plain" + failing).out, HasSubstr("2 workloads"));
  EXPECT_THAT(swarm.shell("$SWARM --ui text" + failing).out, Not(HasSubstr("\x1b"))) << "this is no terminal";
}

TEST_F(CommandLineTest, ViewsThatContradictEachOtherAreRefused) {
  const auto refusal = [this](const std::string& options) {
    const auto ended = swarm.shell("$SWARM " + options + " -- true ::: 1");
    EXPECT_EQ(ended.exit_code, 128) << options;
    return ended.err;
  };
  EXPECT_THAT(refusal("--ui sreen"), HasSubstr("--ui is one of auto, text, screen, plain, quiet, json; "));
  EXPECT_THAT(refusal("--ui quiet -v"), HasSubstr("--verbose and --ui quiet exclude each other"));
  EXPECT_THAT(refusal("-q --ui screen"), HasSubstr("--quiet goes with --ui quiet, json or auto"));
  EXPECT_THAT(refusal("--ui json --json events"), HasSubstr("--ui json is --json -"));
  EXPECT_THAT(refusal("--color red"), HasSubstr("--color is one of auto, always, never; "));
}

TEST_F(CommandLineTest, ColoursAreAskedForOrForced) {
  const std::string failing = " --ui plain -- sh -c 'exit $1' sh {} ::: 1";
  const std::string red = "\x1b[31mfailed";
  EXPECT_THAT(swarm.shell("$SWARM" + failing).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(swarm.shell("$SWARM --color always" + failing).out, HasSubstr(red));
  EXPECT_THAT(swarm.shell("CLICOLOR_FORCE=1 $SWARM" + failing).out, HasSubstr(red));
  EXPECT_THAT(swarm.shell("CLICOLOR_FORCE=0 $SWARM" + failing).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(swarm.shell("CLICOLOR_FORCE=1 NO_COLOR=1 $SWARM" + failing).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(swarm.shell("CLICOLOR_FORCE=1 $SWARM --color never" + failing).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(swarm.shell("NO_COLOR=1 $SWARM --color always" + failing).out, HasSubstr(red)) << "said last";
}

TEST_F(CommandLineTest, WhereThereIsNoTerminalAScreenIsLines) {
  const auto ended = swarm.shell("TERM=xterm setsid -w $SWARM --ui screen -- true ::: 1");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("there is no screen (there is no terminal): plain lines in its place"));
  EXPECT_THAT(ended.out, HasSubstr("1 of 1 passed"));
}

}  // namespace
}  // namespace nmz::nmzswarm
