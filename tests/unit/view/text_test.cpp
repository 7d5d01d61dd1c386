#include "nmz/view/text.hpp"

#include <cstdio>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/view/summary.hpp"

#include "printed.hpp"

namespace nmz::view {
namespace {

using events::JobEnded;
using events::Mark;
using events::Notice;
using events::PhaseStarted;
using events::Progress;
using events::RunEnded;
using events::RunStarted;
using events::Tick;
using events::WorkerGone;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

TEST(TextTest, AWorkerThatMakesRoomIsNotCalledLost) {
  WorkerGone gone;
  gone.worker = job::WorkerId{3};
  gone.reason = "fewer workers from now on: no more processes";
  gone.makes_room = true;
  EXPECT_EQ(sentence(gone), "worker 3 ended: fewer workers from now on: no more processes");
  gone.makes_room = false;
  gone.reason = "died";
  EXPECT_EQ(sentence(gone), "worker 3 was lost: died; it is given up");
}

JobEnded done(Mark mark, const std::string& word) {
  JobEnded event;
  event.job = job::JobId{1};
  event.item = "0123456789abcdef0123456789abcdef01234567";
  event.subject = "make it faster";
  event.mark = mark;
  event.word = word;
  event.detail = "exit 1";
  event.took = Seconds{0.5};
  return event;
}

TextStyle style(Verbosity verbosity, bool live, bool colour) {
  TextStyle result;
  result.verbosity = verbosity;
  result.live = live;
  result.colour = colour;
  return result;
}

TEST(TextTest, PipeGetsOneLineAVerdictWithoutEscapeCodes) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, false, false)};
  JobEnded bad = done(Mark::failed, "bad");
  bad.left = 12;
  bad.expected_left = Seconds{30};
  text.show(bad, Seconds{1});
  EXPECT_THAT(printed.text(), Eq("bad   0123456789ab make it faster (0.50 s, exit 1; 12 left, about 30 s)\n"));
}

TEST(TextTest, QuietPrintsNothing) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::quiet, true, true)};
  RunStarted started;
  started.candidates = 10;
  text.show(started, Seconds{0});
  text.show(done(Mark::failed, "bad"), Seconds{1});
  text.show(Notice{"something"}, Seconds{1});
  text.show(RunEnded{}, Seconds{2});
  EXPECT_THAT(printed.text(), Eq(""));
}

TEST(TextTest, CancelledProbesAreToldOnlyWhenVerbose) {
  const Printed normal;
  const Printed verbose;
  Text{normal.file(), events::Kind::search, style(Verbosity::normal, false, false)}.show(
      done(Mark::cancelled, "cancelled"), Seconds{1});
  Text{verbose.file(), events::Kind::search, style(Verbosity::verbose, false, false)}.show(
      done(Mark::cancelled, "cancelled"), Seconds{1});
  EXPECT_THAT(normal.text(), Eq(""));
  EXPECT_THAT(verbose.text(), HasSubstr("cancelled"));
}

TEST(TextTest, ColoursTheVerdictOnly) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, false, true)};
  text.show(done(Mark::passed, "good"), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[32mgood \x1b[0m 0123456789ab"));
}

TEST(TextTest, LiveLineIsErasedBeforeAVerdictAndAtTheEnd) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, true, false)};
  text.show(Tick{}, Seconds{1});
  text.show(done(Mark::passed, "good"), Seconds{1});
  text.show(RunEnded{}, Seconds{2});
  EXPECT_THAT(printed.text(), HasSubstr("\r\x1b[Kgood  0123456789ab"));
  const std::string all = printed.text();
  EXPECT_THAT(all.substr(all.rfind("\x1b[K")), Not(HasSubstr("left")));
}

TEST(TextTest, StatusNamesWhatIsLeftWhatRunsAndWhenItEnds) {
  Text text{stderr, events::Kind::search, style(Verbosity::quiet, false, false)};
  PhaseStarted started;
  started.job = job::JobId{7};
  started.item = "fedcba9876543210fedcba9876543210fedcba98";
  text.show(started, Seconds{10});
  Progress progress;
  progress.left = 12;
  progress.expected_left = Seconds{30};
  text.show(progress, Seconds{12});
  EXPECT_THAT(text.status(Seconds{15}, 200), Eq("12 left | fedcba9 5s | about 27 s left"));
}

TEST(TextTest, StatusFitsAnyTerminal) {
  Text text{stderr, events::Kind::search, style(Verbosity::quiet, false, false)};
  for (std::uint64_t job = 1; job <= 64; ++job) {
    PhaseStarted started;
    started.job = job::JobId{job};
    started.item = std::string(40, 'a');
    text.show(started, Seconds{0});
  }
  Progress progress;
  progress.left = 123456;
  progress.expected_left = Seconds{5000};
  text.show(progress, Seconds{0});
  for (std::size_t columns = 30; columns < 300; ++columns) {
    EXPECT_LE(text.status(Seconds{100}, columns).size(), columns) << columns;
  }
  EXPECT_THAT(text.status(Seconds{100}, 80), HasSubstr("+"));
}

TEST(TextTest, RoundsReadWellInEveryNumber) {
  EXPECT_EQ(rounds_of_tests(0), "nothing left to test");
  EXPECT_EQ(rounds_of_tests(0.2), "about 1 round of tests");
  EXPECT_EQ(rounds_of_tests(1), "about 1 round of tests");
  EXPECT_EQ(rounds_of_tests(1.1), "about 2 rounds of tests");
  EXPECT_EQ(rounds_of_tests(17), "about 17 rounds of tests");
}

TEST(TextTest, APipeThatIsSilentForLongGetsALine) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, false, false)};
  RunStarted begun;
  begun.candidates = 9;
  begun.workers = 1;
  text.show(begun, Seconds{0});
  PhaseStarted started;
  started.job = job::JobId{2};
  text.show(started, Seconds{0});
  text.show(Tick{}, Seconds{539});
  EXPECT_THAT(printed.text(), Eq("9 commits to search with 1 worker, nothing left to test\n"));
  text.show(Tick{}, Seconds{540});
  EXPECT_THAT(printed.text(), HasSubstr("\nafter 9 min 0 s: 9 left, 0 tests done, 1 running\n"));
}

TEST(TextTest, TheLineAtTheBottomIsNotDrawnMoreOftenThanAnybodyCanSee) {
  for (const events::Kind kind : {events::Kind::search, events::Kind::suite}) {
    const Printed printed;
    Text text{printed.file(), kind, style(Verbosity::normal, true, false)};
    for (int i = 0; i <= 1000; ++i) text.show(Tick{}, Seconds{i / 1000.0});
    const std::string all = printed.text();
    std::size_t drawn = 0;
    for (std::size_t at = all.find('\r'); at != std::string::npos; at = all.find('\r', at + 1)) ++drawn;
    EXPECT_GE(drawn, 15U);
    EXPECT_LE(drawn, 21U);
  }
}

TEST(TextTest, AnAssignmentIsNoStart) {
  Text text{stderr, events::Kind::search, style(Verbosity::quiet, false, false)};
  events::JobAssigned assigned;
  assigned.job = job::JobId{7};
  assigned.item = "fedcba9876543210fedcba9876543210fedcba98";
  text.show(assigned, Seconds{1});
  EXPECT_THAT(text.status(Seconds{2}, 200), Eq("0 left"));
}

TEST(TextTest, DurationsReadNaturally) {
  EXPECT_THAT(duration(Seconds{0.534}), Eq("0.53 s"));
  EXPECT_THAT(duration(Seconds{12.4}), Eq("12 s"));
  EXPECT_THAT(duration(Seconds{200}), Eq("3 min 20 s"));
  EXPECT_THAT(duration(Seconds{7500}), Eq("2 h 5 min"));
}

TEST(TextTest, AHiddenTextFollowsAndPrintsNothing) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, false, false)};
  text.hide();
  JobEnded bad = done(Mark::failed, "bad");
  bad.left = 12;
  text.show(bad, Seconds{1});
  EXPECT_THAT(printed.text(), Eq(""));
  text.show_again();
  text.tell_progress();
  EXPECT_THAT(printed.text(), Eq("after 1.00 s: 12 left, 1 test done, 0 running\n"));
}

TEST(TextTest, TheStatusLineFitsAnyTerminal) {
  const Printed printed;
  Text text{printed.file(), events::Kind::search, style(Verbosity::normal, true, false)};
  Progress progress;
  progress.left = 123456;
  progress.expected_left = Seconds{5000};
  text.show(progress, Seconds{1});
  for (std::size_t columns = 1; columns < 60; ++columns) {
    EXPECT_LT(text.status(Seconds{2}, columns).size(), columns) << "the last column is the next line's";
  }
}

}  // namespace
}  // namespace nmz::view
