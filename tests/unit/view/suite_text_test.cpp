// What nmzswarm says to people.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/view/text.hpp"

#include "printed.hpp"
#include "support/temp_directory.hpp"

namespace nmz::view {
namespace {

using events::Failure;
using events::JobEnded;
using events::Mark;
using events::Notice;
using events::PhaseStarted;
using events::RunEnded;
using events::RunStarted;
using events::Tick;
using events::WorkerGone;
using events::WorkerReady;
using events::WorkloadsListed;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

TextStyle style(Verbosity verbosity, bool live = false, bool colour = false) {
  TextStyle result;
  result.verbosity = verbosity;
  result.live = live;
  result.colour = colour;
  return result;
}

PhaseStarted started(std::uint64_t job, const std::string& name, Seconds expected = Seconds{0}) {
  PhaseStarted event;
  event.worker = job::WorkerId{1};
  event.job = job::JobId{job};
  event.item = name;
  event.expected = expected;
  return event;
}

JobEnded done(Mark mark, const std::string& name = "a test") {
  JobEnded event;
  event.job = job::JobId{1};
  event.item = name;
  event.mark = mark;
  event.detail = mark == Mark::passed ? "" : "exit 1";
  event.took = Seconds{0.5};
  return event;
}

RunStarted begun(const std::string& where, const std::string& logs) {
  RunStarted event;
  event.workers = 2;
  event.where = where;
  event.log_directory = logs;
  return event;
}

WorkloadsListed listed(std::size_t workloads) {
  WorkloadsListed event;
  event.workloads = workloads;
  return event;
}

RunEnded ended(std::size_t passed, std::vector<Failure> failures) {
  RunEnded event;
  event.suite.counts.passed = passed;
  event.suite.counts.failed = failures.size();
  event.suite.failures = std::move(failures);
  event.exit_code = event.suite.failures.empty() ? 0 : 1;
  event.workers = 2;
  event.wall = Seconds{3};
  event.log_directory = "/logs";
  return event;
}

TEST(SuiteTextTest, APipeGetsOneLineAResultWithoutEscapeCodes) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal)};
  text.show(begun("processes", "/logs"), Seconds{0});
  text.show(listed(3), Seconds{0});
  text.show(started(1, "a test"), Seconds{0});
  text.show(done(Mark::passed), Seconds{1});
  text.show(done(Mark::failed), Seconds{1});
  text.show(done(Mark::timed_out), Seconds{1});
  text.show(Tick{}, Seconds{2});
  EXPECT_THAT(printed.text(), Eq("2 workers: processes\n"
                                 "logs: /logs\n"
                                 "3 workloads\n"
                                 "passed    a test (0.50 s)\n"
                                 "failed    a test (0.50 s, exit 1)\n"
                                 "timed-out a test (0.50 s, exit 1)\n"));
}

TEST(SuiteTextTest, TheListIsToldWithItsChunksAndBound) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal)};
  WorkloadsListed event = listed(1);
  event.chunks = 1;
  event.bound = Seconds{90};
  text.show(event, Seconds{0});
  EXPECT_THAT(printed.text(), Eq("1 workload in 1 chunk, expected to take at least 1 min 30 s\n"));
}

TEST(SuiteTextTest, ATerminalShowsFailuresOnlyAndALineAtTheBottom) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal, true)};
  text.show(listed(4), Seconds{0});
  text.show(done(Mark::passed, "good one"), Seconds{1});
  text.show(started(2, "next"), Seconds{1});
  text.show(done(Mark::failed, "bad one"), Seconds{1});
  EXPECT_THAT(printed.text(), Not(HasSubstr("good one")));
  EXPECT_THAT(printed.text(), HasSubstr("\r\x1b[Kfailed    bad one"));
  EXPECT_THAT(printed.text(), HasSubstr("[#####-----] 2/4 | 1 failed | next 0s"));
  text.show(ended(3, {{"bad one", "exit 1", Seconds{1}, ""}}), Seconds{2});
  const std::string all = printed.text();
  EXPECT_THAT(all.substr(all.rfind("\x1b[K")), Not(HasSubstr("next"))) << "the line at the bottom is gone";
}

TEST(SuiteTextTest, QuietPrintsTheSummaryAndWhatFailed) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::quiet, true)};
  text.show(begun("processes", "/logs"), Seconds{0});
  text.show(listed(2), Seconds{0});
  text.show(Notice{"something"}, Seconds{0});
  text.show(WorkerGone{job::WorkerId{1}, "died", true}, Seconds{0});
  text.show(done(Mark::failed), Seconds{1});
  text.show(Tick{}, Seconds{1000});
  text.show(ended(1, {{"a test", "exit 1", Seconds{1}, ""}}), Seconds{1000});
  EXPECT_THAT(printed.text(), Eq("failed    a test (exit 1)\n1 of 2 passed, 1 failed in 3.00 s with 2 workers\n"));
}

TEST(SuiteTextTest, VerboseTellsWhatWorkersDoAndThePhases) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::verbose)};
  text.show(WorkerReady{job::WorkerId{7}, "node1"}, Seconds{0});
  PhaseStarted again = started(1, "x");
  again.attempt = 2;
  text.show(again, Seconds{0});
  text.show(done(Mark::cancelled, "x"), Seconds{0});
  RunEnded event = ended(1, {});
  event.suite.phases = {{"listed", Seconds{0.25}}};
  text.show(event, Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("worker 7 is ready on node1\nworker 1 runs x (attempt 2)\ncancelled x ("));
  EXPECT_THAT(printed.text(), HasSubstr("   0.250 s  listed\n"));
}

TEST(SuiteTextTest, WhatIsNoResultIsToldOnlyWhereItMatters) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal)};
  text.show(listed(1), Seconds{0});
  text.show(done(Mark::cancelled), Seconds{1});
  text.show(done(Mark::late), Seconds{1});
  EXPECT_THAT(printed.text(), Eq("1 workload\n"));
  text.show(done(Mark::retried), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("retried   a test"));
  EXPECT_THAT(text.status(Seconds{1}, 60), HasSubstr("[0/1]"));
}

TEST(SuiteTextTest, ColoursTheResult) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal, false, true)};
  text.show(done(Mark::passed), Seconds{1});
  text.show(done(Mark::failed), Seconds{1});
  text.show(done(Mark::lost), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[32mpassed   \x1b[0m a test"));
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[31mfailed   \x1b[0m a test"));
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[33mlost     \x1b[0m a test"));
}

TEST(SuiteTextTest, IdsCannotDriveTheTerminal) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal, true)};
  text.show(started(2, "evil \x1b[2J\xff"), Seconds{0});
  text.show(done(Mark::failed, "evil \x1b[2J\xff"), Seconds{0});
  EXPECT_THAT(printed.text(), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(printed.text(), HasSubstr("evil \uFFFD"));
}

class FailureLogTest : public testing::Test {
 protected:
  std::string shown(const std::string& log) {
    const std::string file = directory.path() / "a.log";
    support::write_file(file, log);
    const Printed printed;
    Text{printed.file(), events::Kind::suite, style(Verbosity::normal)}.show(
        ended(1, {{"a", "exit 1", Seconds{1}, file}}), Seconds{3});
    return printed.text();
  }
  support::TempDirectory directory{"logs"};
};

TEST_F(FailureLogTest, IsShownAtTheEnd) {
  EXPECT_THAT(shown("one\n\ntw\x1bo\r\nlast"), Eq("---- a (exit 1)\n"
                                                  "one\n\ntw\nlast\n"
                                                  "----\n"
                                                  "1 of 2 passed, 1 failed in 3.00 s with 2 workers\n"
                                                  "logs: /logs\n"));
  EXPECT_THAT(shown(""), HasSubstr("---- a (exit 1)\n----\n"));
}

TEST_F(FailureLogTest, OfManyLinesEndsWithTheLast) {
  std::string log;
  for (int i = 0; i < 10'000; ++i) log += "line " + std::to_string(i) + "\n";
  const std::string text = shown(log);
  EXPECT_THAT(text, HasSubstr("\nline 9999\n----\n"));
  EXPECT_THAT(text, HasSubstr("[...] the whole log: " + (directory.path() / "a.log").string() + "\nline "));
  EXPECT_LT(text.size(), 17'000U);
}

TEST_F(FailureLogTest, ThatJustFitsIsWhole) {
  std::string log = "first\n";
  log.resize((std::size_t{16} << 10) - 1, 'x');
  log += '\n';
  EXPECT_THAT(shown(log), HasSubstr("---- a (exit 1)\nfirst\nxxx"));
  EXPECT_THAT(shown("y" + log), HasSubstr("[...] the whole log: "));
}

TEST_F(FailureLogTest, OfOneVeryLongLineIsItsEnd) {
  EXPECT_THAT(shown(std::string(100'000, 'x') + "the end"), HasSubstr("xxxthe end\n----\n"));
}

TEST_F(FailureLogTest, ThatIsNotThereCostsNothing) {
  const Printed printed;
  Text{printed.file(), events::Kind::suite, style(Verbosity::normal)}.show(
      ended(0, {{"a", "its worker was lost", Seconds{1}, "/nonexistent"}}), Seconds{3});
  EXPECT_THAT(printed.text(), testing::StartsWith("---- a (its worker was lost)\n----\n0 of 1 passed"));
}

TEST(SuiteTextTest, NotAllOfManyFailuresAreShown) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal)};
  std::vector<Failure> failures;
  for (int i = 0; i < 50; ++i) failures.push_back({"test" + std::to_string(i), "exit 1", Seconds{1}, ""});
  text.show(ended(0, std::move(failures)), Seconds{3});
  EXPECT_THAT(printed.text(), HasSubstr("---- test19 "));
  EXPECT_THAT(printed.text(), Not(HasSubstr("---- test20 ")));
  EXPECT_THAT(printed.text(), HasSubstr("... and 30 more\n0 of 50 passed, 50 failed"));
}

TEST(SuiteTextTest, TheSummaryNamesEveryKindOfEnd) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::quiet)};
  RunEnded event = ended(1, {});
  event.suite.counts.failed = 2;
  event.suite.counts.timed_out = 3;
  event.suite.counts.lost = 4;
  event.suite.counts.not_run = 5;
  event.workers = 1;
  text.show(event, Seconds{3});
  EXPECT_THAT(printed.text(), Eq("1 of 15 passed, 2 failed, 3 timed out, 4 lost, 5 not run in 3.00 s with 1 worker\n"));
}

TEST(SuiteTextTest, ManyThatNeverFailedAreOneLineOfAHunt) {
  RunEnded event;
  event.suite.hunted.resize(12);
  for (events::HuntedWorkload& one : event.suite.hunted) {
    one.name = "solid";
    one.runs = 30;
    one.rate = "0 of 30 (below 10 %)";
  }
  event.suite.hunted[5].runs = 20;
  event.suite.hunted[5].rate = "0 of 20 (below 15 %)";
  const Printed normal;
  Text{normal.file(), events::Kind::suite, style(Verbosity::normal)}.show(event, Seconds{1});
  EXPECT_THAT(normal.text(), Eq("12 workloads never failed; the one that ran least failed 0 of 20 (below 15 %)\n"));
  const Printed verbose;
  Text{verbose.file(), events::Kind::suite, style(Verbosity::verbose)}.show(event, Seconds{1});
  const std::string all = verbose.text();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 12);
}

TEST(SuiteTextTest, WhereNothingRanThereIsNothingToSum) {
  const Printed printed;
  Text{printed.file(), events::Kind::suite, style(Verbosity::quiet)}.show(RunEnded{}, Seconds{3});
  EXPECT_THAT(printed.text(), Eq(""));
}

TEST(SuiteTextTest, APipeThatIsSilentForLongGetsALine) {
  const Printed printed;
  Text text{printed.file(), events::Kind::suite, style(Verbosity::normal)};
  text.show(listed(5), Seconds{10});
  text.show(started(1, "slow"), Seconds{10});
  text.show(Tick{}, Seconds{10 + 539});
  EXPECT_THAT(printed.text(), Eq("5 workloads\n"));
  text.show(Tick{}, Seconds{10 + 540});
  EXPECT_THAT(printed.text(), Eq("5 workloads\nafter 9 min 10 s: 0 of 5 done, 1 running\n"));
  text.show(Tick{}, Seconds{10 + 541});
  text.show(Tick{}, Seconds{10 + 2 * 540 - 1});
  EXPECT_THAT(printed.text(), Not(HasSubstr("after 18 min")));
  text.show(Tick{}, Seconds{10 + 2 * 540});
  EXPECT_THAT(printed.text(), HasSubstr("after 18 min 10 s"));
}

TEST(SuiteTextTest, StatusNamesWhatRunsAndWhenItEnds) {
  Text text{stderr, events::Kind::suite, style(Verbosity::quiet)};
  text.show(begun("", ""), Seconds{0});
  EXPECT_THAT(text.status(Seconds{0}, 80), Eq("0/2 workers ready"));
  WorkloadsListed event = listed(9);
  event.bound = Seconds{30};
  text.show(event, Seconds{0});
  text.show(started(1, "one", Seconds{20}), Seconds{0});
  text.show(started(2, "two"), Seconds{1});
  EXPECT_THAT(text.status(Seconds{5}, 200), Eq("[----------] 0/9 | one 5/20s, two 4s | about 25 s left (bound 30 s)"));
  EXPECT_THAT(text.status(Seconds{40}, 200), HasSubstr("any moment"));
}

TEST(SuiteTextTest, StatusFitsAnyTerminal) {
  Text text{stderr, events::Kind::suite, style(Verbosity::quiet)};
  WorkloadsListed event = listed(123'456);
  event.bound = Seconds{5000};
  text.show(event, Seconds{0});
  for (std::uint64_t job = 1; job <= 64; ++job) text.show(started(job, std::string(200, 'a')), Seconds{0});
  for (std::size_t columns = 30; columns < 300; ++columns) {
    EXPECT_LE(text.status(Seconds{100}, columns).size(), columns) << columns;
  }
  EXPECT_THAT(text.status(Seconds{100}, 120), HasSubstr("+"));
}

TEST(SuiteTextTest, AStreamThatTakesNothingCostsNothing) {
  std::FILE* const full = std::fopen("/dev/full", "we");
  ASSERT_NE(full, nullptr);
  {
    Text text{full, events::Kind::suite, style(Verbosity::normal, true, true)};
    for (int i = 0; i < 100; ++i) text.show(done(Mark::failed, std::string(5000, 'x')), Seconds{1});
    text.show(ended(1, {}), Seconds{1});
  }
  EXPECT_NE(std::ferror(full), 0);
  std::fclose(full);
}

}  // namespace
}  // namespace nmz::view
