#include "nmz/view/suite_text.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::view {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Not;

/// Collects what a SuiteText prints.
class Printed {
 public:
  Printed() : file_{::open_memstream(&text_, &size_)} {}
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  Printed(Printed&&) = delete;
  Printed& operator=(Printed&&) = delete;
  ~Printed() {
    std::fclose(file_);
    std::free(text_);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream's
  }
  [[nodiscard]] std::FILE* file() const { return file_; }
  [[nodiscard]] std::string text() const {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TextStyle style(Verbosity verbosity, bool live = false, bool colour = false) {
  TextStyle result;
  result.verbosity = verbosity;
  result.live = live;
  result.colour = colour;
  return result;
}

WorkloadStarted started(std::uint64_t job, const std::string& name, Seconds expected = Seconds{0}) {
  WorkloadStarted event;
  event.worker = job::WorkerId{1};
  event.job = job::JobId{job};
  event.name = name;
  event.expected = expected;
  return event;
}

WorkloadDone done(WorkloadResult result, const std::string& name = "a test") {
  WorkloadDone event;
  event.job = job::JobId{1};
  event.name = name;
  event.result = result;
  event.detail = result == WorkloadResult::passed ? "" : "exit 1";
  event.took = Seconds{0.5};
  return event;
}

WorkloadsListed listed(std::size_t workloads) {
  WorkloadsListed event;
  event.workloads = workloads;
  return event;
}

SuiteEnded ended(std::size_t passed, std::vector<Failure> failures) {
  SuiteEnded event;
  event.counts.passed = passed;
  event.counts.failed = failures.size();
  event.failures = std::move(failures);
  event.exit_code = event.failures.empty() ? 0 : 1;
  event.workers = 2;
  event.wall = Seconds{3};
  event.log_directory = "/logs";
  return event;
}

TEST(SuiteTextTest, APipeGetsOneLineAResultWithoutEscapeCodes) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal)};
  text.show(SuiteStarted{2, "processes", "/logs"}, Seconds{0});
  text.show(listed(3), Seconds{0});
  text.show(started(1, "a test"), Seconds{0});
  text.show(done(WorkloadResult::passed), Seconds{1});
  text.show(done(WorkloadResult::failed), Seconds{1});
  text.show(done(WorkloadResult::timed_out), Seconds{1});
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
  SuiteText text{printed.file(), style(Verbosity::normal)};
  WorkloadsListed event = listed(1);
  event.chunks = 1;
  event.bound = Seconds{90};
  text.show(event, Seconds{0});
  EXPECT_THAT(printed.text(), Eq("1 workload in 1 chunk, expected to take at least 1 min 30 s\n"));
}

TEST(SuiteTextTest, ATerminalShowsFailuresOnlyAndALineAtTheBottom) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal, true)};
  text.show(listed(4), Seconds{0});
  text.show(done(WorkloadResult::passed, "good one"), Seconds{1});
  text.show(started(2, "next"), Seconds{1});
  text.show(done(WorkloadResult::failed, "bad one"), Seconds{1});
  EXPECT_THAT(printed.text(), Not(HasSubstr("good one")));
  EXPECT_THAT(printed.text(), HasSubstr("\r\x1b[Kfailed    bad one"));
  EXPECT_THAT(printed.text(), HasSubstr("[#####-----] 2/4 | 1 failed | next 0s"));
  text.show(ended(3, {{"bad one", "exit 1", Seconds{1}, ""}}), Seconds{2});
  const std::string all = printed.text();
  EXPECT_THAT(all.substr(all.rfind("\x1b[K")), Not(HasSubstr("next"))) << "the line at the bottom is gone";
}

TEST(SuiteTextTest, QuietPrintsTheSummaryAndWhatFailed) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::quiet, true)};
  text.show(SuiteStarted{2, "processes", "/logs"}, Seconds{0});
  text.show(listed(2), Seconds{0});
  text.show(Notice{"something"}, Seconds{0});
  text.show(WorkerGone{job::WorkerId{1}, "died", true}, Seconds{0});
  text.show(done(WorkloadResult::failed), Seconds{1});
  text.show(Tick{}, Seconds{1000});
  text.show(ended(1, {{"a test", "exit 1", Seconds{1}, ""}}), Seconds{1000});
  EXPECT_THAT(printed.text(), Eq("failed    a test (exit 1)\n1 of 2 passed, 1 failed in 3.00 s with 2 workers\n"));
}

TEST(SuiteTextTest, VerboseTellsWhatWorkersDoAndThePhases) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::verbose)};
  text.show(WorkerReady{job::WorkerId{7}, "node1"}, Seconds{0});
  WorkloadStarted again = started(1, "x");
  again.attempt = 2;
  text.show(again, Seconds{0});
  text.show(done(WorkloadResult::cancelled, "x"), Seconds{0});
  SuiteEnded event = ended(1, {});
  event.phases = {{"listed", Seconds{0.25}}};
  text.show(event, Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("worker 7 is ready on node1\nworker 1 runs x (attempt 2)\ncancelled x ("));
  EXPECT_THAT(printed.text(), HasSubstr("   0.250 s  listed\n"));
}

TEST(SuiteTextTest, WhatIsNoResultIsToldOnlyWhereItMatters) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal)};
  text.show(listed(1), Seconds{0});
  text.show(done(WorkloadResult::cancelled), Seconds{1});
  text.show(done(WorkloadResult::late), Seconds{1});
  EXPECT_THAT(printed.text(), Eq("1 workload\n"));
  text.show(done(WorkloadResult::retried), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("retried   a test"));
  EXPECT_THAT(text.status(Seconds{1}, 60), HasSubstr("[0/1]"));
}

TEST(SuiteTextTest, ColoursTheResult) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal, false, true)};
  text.show(done(WorkloadResult::passed), Seconds{1});
  text.show(done(WorkloadResult::failed), Seconds{1});
  text.show(done(WorkloadResult::lost), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[32mpassed   \x1b[0m a test"));
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[31mfailed   \x1b[0m a test"));
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[33mlost     \x1b[0m a test"));
}

TEST(SuiteTextTest, IdsCannotDriveTheTerminal) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal, true)};
  text.show(started(2, "evil \x1b[2J\xff"), Seconds{0});
  text.show(done(WorkloadResult::failed, "evil \x1b[2J\xff"), Seconds{0});
  EXPECT_THAT(printed.text(), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(printed.text(), HasSubstr("evil \uFFFD"));
}

class FailureLogTest : public testing::Test {
 protected:
  std::string shown(const std::string& log) {
    const std::string file = directory.path() / "a.log";
    support::write_file(file, log);
    const Printed printed;
    SuiteText{printed.file(), style(Verbosity::normal)}.show(ended(1, {{"a", "exit 1", Seconds{1}, file}}), Seconds{3});
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
  SuiteText{printed.file(), style(Verbosity::normal)}.show(
      ended(0, {{"a", "its worker was lost", Seconds{1}, "/nonexistent"}}), Seconds{3});
  EXPECT_THAT(printed.text(), testing::StartsWith("---- a (its worker was lost)\n----\n0 of 1 passed"));
}

TEST(SuiteTextTest, NotAllOfManyFailuresAreShown) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal)};
  std::vector<Failure> failures;
  for (int i = 0; i < 50; ++i) failures.push_back({"test" + std::to_string(i), "exit 1", Seconds{1}, ""});
  text.show(ended(0, std::move(failures)), Seconds{3});
  EXPECT_THAT(printed.text(), HasSubstr("---- test19 "));
  EXPECT_THAT(printed.text(), Not(HasSubstr("---- test20 ")));
  EXPECT_THAT(printed.text(), HasSubstr("... and 30 more\n0 of 50 passed, 50 failed"));
}

TEST(SuiteTextTest, TheSummaryNamesEveryKindOfEnd) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::quiet)};
  SuiteEnded event = ended(1, {});
  event.counts.failed = 2;
  event.counts.timed_out = 3;
  event.counts.lost = 4;
  event.counts.not_run = 5;
  event.workers = 1;
  text.show(event, Seconds{3});
  EXPECT_THAT(printed.text(), Eq("1 of 15 passed, 2 failed, 3 timed out, 4 lost, 5 not run in 3.00 s with 1 worker\n"));
}

TEST(SuiteTextTest, WhereNothingRanThereIsNothingToSum) {
  const Printed printed;
  SuiteText{printed.file(), style(Verbosity::quiet)}.show(SuiteEnded{}, Seconds{3});
  EXPECT_THAT(printed.text(), Eq(""));
}

TEST(SuiteTextTest, APipeThatIsSilentForLongGetsALine) {
  const Printed printed;
  SuiteText text{printed.file(), style(Verbosity::normal)};
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
  SuiteText text{stderr, style(Verbosity::quiet)};
  text.show(SuiteStarted{2, "", ""}, Seconds{0});
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
  SuiteText text{stderr, style(Verbosity::quiet)};
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
    SuiteText text{full, style(Verbosity::normal, true, true)};
    for (int i = 0; i < 100; ++i) text.show(done(WorkloadResult::failed, std::string(5000, 'x')), Seconds{1});
    text.show(ended(1, {}), Seconds{1});
  }
  EXPECT_NE(std::ferror(full), 0);
  std::fclose(full);
}

}  // namespace
}  // namespace nmz::view
