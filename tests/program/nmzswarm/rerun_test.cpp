// --rerun: going on with what an earlier run left.
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "run_state.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> selected(const std::string& lines, Rerun which, std::vector<std::string> ids) {
  EarlierRun::parse(lines).select(which, ids, false);
  return ids;
}

constexpr const char* earlier =
    "{\"workload\":\"a\"}\n{\"workload\":\"b\"}\n{\"workload\":\"c\"}\n{\"workload\":\"d\"}\n"
    "{\"workload\":\"a\",\"result\":\"passed\"}\n{\"workload\":\"b\",\"result\":\"failed\"}\n"
    "{\"workload\":\"c\",\"result\":\"lost\"}\n{\"workload\":\"d\",\"res";

TEST(EarlierRunTest, SelectsByResult) {
  const std::vector<std::string> list{"a", "b", "c", "d", "new"};
  EXPECT_THAT(selected(earlier, Rerun::failed, list), ElementsAre("b", "c"));
  EXPECT_THAT(selected(earlier, Rerun::unfinished, list), ElementsAre("c", "d", "new"));
  EXPECT_THAT(selected(earlier, Rerun::last, list), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(selected("", Rerun::failed, list), IsEmpty());
}

TEST(EarlierRunTest, TheLastResultCountsAndIdsAreBytes) {
  const std::string lines =
      "{\"workload\":\"\xff\\n\",\"result\":\"failed\"}\n{\"workload\":\"b\",\"result\":\"failed\"}\n"
      "{\"workload\":\"b\",\"result\":\"passed\"}\n";
  EXPECT_THAT(selected(lines, Rerun::failed, {"\xff\n", "b"}), ElementsAre("\xff\n"));
  const std::string again = EarlierRun::parse(lines).lines(true);
  EXPECT_THAT(selected(again, Rerun::failed, {"\xff\n", "b"}), ElementsAre("\xff\n"));
}

TEST(EarlierRunTest, WhatIsNotListedThisTimeIsPartOfTheWhole) {
  std::vector<std::string> ids{"c", "new"};
  const Kept kept = EarlierRun::parse(earlier).select(Rerun::unfinished, ids, false);
  EXPECT_THAT(ids, ElementsAre("c", "new"));
  ASSERT_EQ(kept.failures().size(), 1);
  EXPECT_EQ(kept.failures()[0].workload, "b");
  EXPECT_EQ(kept.results.size(), 2) << "a and b";
  EXPECT_EQ(kept.unfinished, 1) << "d";
}

/// b fails while there is no file `fixed`; the diary tells what ran.
class RerunTest : public testing::Test {
 protected:
  support::Ended run(std::vector<std::string> options) {
    options.emplace_back("--no-history");  // which would start first what took longest
    return swarm.run(
        "a\nb\nc\n", options,
        "echo $NMZ_WORKLOAD >>" + place + "/diary; test $NMZ_WORKLOAD != b || test -e " + place + "/fixed");
  }
  std::string diary() {
    std::string text = swarm.read("diary");
    std::filesystem::remove(swarm.place() / "diary");
    return text;
  }
  Swarm swarm;
  std::string place = swarm.place().string();
};

TEST_F(RerunTest, FailedRunsWhatFailedInTheLastRunOfTheSuite) {
  EXPECT_THAT(run({"--rerun", "failed"}).err, HasSubstr("no earlier run of this suite is known"));
  EXPECT_EQ(run({"-j1"}).exit_code, 1);
  EXPECT_EQ(diary(), "a\nb\nc\n");
  EXPECT_EQ(run({"-j1", "--rerun", "failed"}).exit_code, 1);
  EXPECT_EQ(diary(), "b\n");
  std::ofstream{swarm.place() / "fixed"};
  EXPECT_THAT(run({"-j1", "--rerun", "failed"}).out, AllOf(HasSubstr("going on with"), HasSubstr("1 of 1 passed")));
  EXPECT_EQ(diary(), "b\n");
  EXPECT_EQ(run({"-j1", "--rerun", "failed"}).exit_code, 2);
  EXPECT_EQ(run({"-j1", "--rerun", "last"}).exit_code, 0);
  EXPECT_EQ(diary(), "a\nb\nc\n");
}

TEST_F(RerunTest, UnfinishedGoesOnInTheDirectoryOfTheEarlierRun) {
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--fail-fast"}).exit_code, 1);
  EXPECT_EQ(diary(), "a\nb\n");
  const auto rest = run({"-j1", "--log-dir", "logs", "--rerun", "unfinished", "--junit", "junit", "--json", "events"});
  EXPECT_EQ(rest.exit_code, 1) << "b failed, and the whole run with it";
  EXPECT_EQ(diary(), "c\n");
  EXPECT_THAT(rest.out, AllOf(HasSubstr("b (failed, in the run that"), HasSubstr("1 of 1 passed, 1 failed before")));
  EXPECT_THAT(swarm.read("junit"), HasSubstr("tests=\"3\" failures=\"1\" errors=\"0\""));
  EXPECT_THAT(swarm.read("events"), HasSubstr(R"("earlier_failures":[{"name":"b")"));
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--rerun", "unfinished"}).exit_code, 1) << "nothing is left to run";
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--rerun", "failed"}).exit_code, 1);
  EXPECT_EQ(diary(), "b\n");
  EXPECT_THAT(run({"--log-dir", "elsewhere", "--rerun", "last"}).err, HasSubstr("there are no results of a run in"));
}

TEST_F(RerunTest, AFailureThatIsNotSelectedAgainIsNotForgotten) {
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--fail-fast"}).exit_code, 1);
  const auto rest = run({"-j1", "--log-dir", "logs", "--rerun", "unfinished", "--exclude", "b"});
  EXPECT_EQ(rest.exit_code, 1) << rest.out;
  EXPECT_THAT(rest.out, HasSubstr("1 of 1 passed, 1 failed before"));
}

TEST_F(RerunTest, ThatThereIsNothingToRunDoesNotPassARunWithHoles) {
  std::ofstream{swarm.place() / "results.jsonl"}
      << "{\"workload\":\"a\",\"result\":\"passed\"}\n{\"workload\":\"b\"}\n";
  const auto nothing = run({"--log-dir", ".", "--rerun", "failed", "--no-tests", "pass"});
  EXPECT_EQ(nothing.exit_code, 3) << nothing.out;
  EXPECT_THAT(nothing.err, HasSubstr("1 workload(s) have no result yet (--rerun unfinished)"));
}

TEST_F(RerunTest, FailedAloneDoesNotPassARunWithHoles) {
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--fail-fast"}).exit_code, 1);
  std::ofstream{swarm.place() / "fixed"};
  const auto repaired = run({"-j1", "--log-dir", "logs", "--rerun", "failed"});
  EXPECT_EQ(repaired.exit_code, 3) << repaired.out;
  EXPECT_THAT(repaired.err, HasSubstr("1 workload(s) have no result yet (--rerun unfinished)"));
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--rerun", "unfinished"}).exit_code, 0);
}

TEST_F(RerunTest, WhereFlakyIsAFailureItStaysOneForTheWhole) {
  const std::string script = "case $NMZ_WORKLOAD in c) test -e " + place + "/fixed || kill -9 $$ ;; b) test -e " +
                             place + "/again || { touch " + place + "/again; exit 1; } ;; esac";
  const auto go = [&](std::vector<std::string> more) {
    for (const char* option : {"--retries", "1", "--flaky-result", "fail", "--no-history", "--log-dir", "logs"}) {
      more.emplace_back(option);
    }
    return swarm.run("a\nb\nc\n", more, script);
  };
  EXPECT_EQ(go({}).exit_code, 1) << "b is flaky; that c was lost is not worse";
  std::ofstream{swarm.place() / "fixed"};
  const auto rest = go({"--rerun", "unfinished"});
  EXPECT_EQ(rest.exit_code, 1) << rest.out;
  EXPECT_THAT(rest.out, HasSubstr("b (flaky, in the run that"));
  EXPECT_EQ(go({"--rerun", "unfinished"}).exit_code, 1);
  const auto again = go({"--rerun", "failed"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("1 of 1 passed"));
}

TEST_F(RerunTest, AKilledRunGoesOnWhereItWas) {
  const auto killed = swarm.call({"--workloads", "-", "-j1", "--log-dir", "logs", "--no-history", "--", "/bin/sh", "-c",
                                  "test $NMZ_WORKLOAD != b || kill -9 $(ps -o ppid= -p $(ps -o ppid= -p $PPID))"},
                                 "a\nb\nc\n");
  ASSERT_EQ(killed.signal, SIGKILL) << killed.out << killed.err;
  EXPECT_EQ(run({"-j1", "--log-dir", "logs", "--rerun", "unfinished"}).exit_code, 1);
  EXPECT_EQ(diary(), "b\nc\n");
}

}  // namespace
}  // namespace nmz::nmzswarm
