#include "nmz/screen/painter.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream.hpp"
#include "unit/events/random_events.hpp"

namespace nmz::screen {
namespace {

using events::Kind;
using events::Mark;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string nothing(const std::string& /*path*/) { return {}; }

class PainterTest : public testing::Test {
 protected:
  std::string painted(const Model& model, Size size, Letters letters = Letters::ascii) {
    return text_of(paint(model, desk, size, letters));
  }
  Desk desk{nothing, {}};
};

/// Commit 11 of 15 is the first bad one, and 8 and 12 are known.
void search(Told& run) {
  run.start(2, 15);
  run.tell(line_of(16));
  run.begin(1, 0, commit(8));
  run.later(1);
  run.end(1, commit(8), Mark::passed, 7);
  run.begin(2, 1, commit(12));
  run.later(1);
  run.end(2, commit(12), Mark::failed, 4);
  run.begin(3, 0, commit(10));
}

TEST_F(PainterTest, ARunWithoutANameOfItsOwnIsCalledByTheProgramOnce) {
  Told run{Kind::suite};
  run.start(2, 0, "nmzswarm");
  EXPECT_THAT(painted(run.model, {60, 20}), StartsWith("nmzswarm  processes on this machine"));
}

TEST_F(PainterTest, TheCommandIsThereWhereThereIsRoomAndOfALongOneItsEnd) {
  Told run{Kind::search};
  run.start(2, 15, "project", "nmzbisect --jobs 8 v1.0..v2.0 -- ./test.sh");
  EXPECT_THAT(painted(run.model, {60, 20}), HasSubstr("\n$ nmzbisect --jobs 8 v1.0..v2.0 -- ./test.sh\n"));
  EXPECT_THAT(painted(run.model, {40, 20}), HasSubstr("\n$ nmzbisect ...8 v1.0..v2.0 -- ./test.sh\n"));
  EXPECT_THAT(painted(run.model, {60, 15}), Not(HasSubstr("./test.sh")));
}

TEST_F(PainterTest, ANoticeIsWholeWhereThereIsRoom) {
  Told run{Kind::suite};
  run.start(1);
  events::Notice notice;
  notice.text = "a notice that is too long for one line of this terminal, the end";
  run.tell(notice);
  EXPECT_THAT(painted(run.model, {40, 24}),
              HasSubstr("\nnotice: a notice that is too long for\none line of this terminal, the end\nq end"));
  EXPECT_THAT(painted(run.model, {40, 23}), HasSubstr("\nnotice: a notice that is too long for\nq end"));
  EXPECT_THAT(painted(run.model, {40, 11}), Not(HasSubstr("notice")));
}

TEST_F(PainterTest, AtTheEndOfASuiteResultsStandBeforeAttempts) {
  Told run{Kind::suite};
  run.start(1);
  run.list(2);
  run.end(1, "first", Mark::failed, 1);
  run.end(2, "second", Mark::retried, 1);
  EXPECT_THAT(painted(run.model, {72, 24}), HasSubstr("what did not pass (1, and 1 attempt run again)"));
  events::RunEnded end;
  end.exit_code = 1;
  end.suite.failures.emplace_back();
  run.tell(end);
  const std::string text = painted(run.model, {72, 24});
  EXPECT_LT(text.find("failed    first"), text.find("retried   second")) << text;
  EXPECT_THAT(text, HasSubstr("--rerun failed"));
}

TEST_F(PainterTest, TheBarOfACompleteSuiteIsFull) {
  Told run{Kind::suite};
  run.start(1);
  run.list(3);
  for (std::uint64_t i = 0; i < 2; ++i) run.end(i, "w" + std::to_string(i), Mark::passed, 2 - i);
  run.end(3, "w2", Mark::failed, 0);
  run.tell(events::RunEnded{});
  EXPECT_THAT(painted(run.model, {20, 24}), HasSubstr("\nxxxxxx##############\n"));
}

TEST_F(PainterTest, ASearchOnAnOrdinaryTerminal) {
  Told run{Kind::search};
  search(run);
  EXPECT_EQ(painted(run.model, {60, 20}),
            "nmzbisect project  processes on this machine          2.00 s\n"
            "4 candidates of 15, about 3 rounds\n"
            "15 > 7 > 4\n"
            ".--.--.--.--.--.--.--.--+--#--*--#--x--.--.--.\n"
            "the 4 that are left and the commits between them, closer:\n"
            ".---+---#---*---#---x---.---.\n"
            "+ good  x bad  ? skipped  * tested now  # may be it  . is no\n"
            "> workers (2 of 2 ready) -----------------------------------\n"
            "  0 node0          tests  10c000000000 0.00 s, usually 2.00\n"
            "  1 node1          waits\n"
            "  tests (2) ------------------------------------------------\n"
            "bad       12c000000000 the subject (2.00 s, exit 1)\n"
            "good      8c0000000000 the subject (2.00 s, exit 0)\n"
            "\n\n\n\n\n\n"
            "q end  ? help  Enter log  Tab pane  d text\n");
}

TEST_F(PainterTest, ItsEndSaysTheAnswer) {
  Told run{Kind::search};
  search(run);
  run.end(3, commit(10), Mark::passed, 2);
  run.end(4, commit(11), Mark::failed, 1);
  events::RunEnded end;
  end.result = "found";
  end.workers = 2;
  end.search.answer = commit(11) + " is the first bad commit\nand more\n";
  end.search.suspects = {{commit(11), "break it", 1}};
  end.search.tests = 4;
  end.search.log_end = "assertion failed\n";
  run.tell(end);
  const std::string text = painted(run.model, {80, 30});
  EXPECT_THAT(text, HasSubstr(commit(11) + " is the first bad commit\n  break it\n"));
  EXPECT_THAT(text, HasSubstr("tested: it is bad, and what it is built on is good"));
  EXPECT_THAT(text, HasSubstr("git show 11c000000000"));
  EXPECT_THAT(text, HasSubstr("assertion failed"));
  EXPECT_THAT(text, HasSubstr("q leave"));
  EXPECT_THAT(text, Not(HasSubstr("workers (")));
  EXPECT_THAT(text, HasSubstr("> tests (4)")) << "the keys are where something is left to see";
}

TEST_F(PainterTest, ASuiteOnAnOrdinaryTerminal) {
  Told run{Kind::suite};
  run.start(3);
  run.list(10);
  run.begin(1, 0, "tests/a", 2);
  run.begin(2, 1, "tests/b", 4);
  run.later(2);
  run.end(1, "tests/a", Mark::passed, 9);
  run.begin(3, 0, "tests/c", 4);
  run.later(1);
  run.tell(events::StillRunning{job::WorkerId{1}, job::JobId{2}, 1, "tests/b", Seconds{3}});
  run.end(3, "tests/c", Mark::failed, 8, "/log");
  Desk with_log{[](const std::string&) { return std::string{"hello\nerror: no such thing\n"}; }, {}};
  EXPECT_EQ(text_of(paint(run.model, with_log, {72, 18}, Letters::ascii)),
            "nmzswarm project  processes on this machine                       3.00 s\n"
            "xxxxxxx#######*******---------------------------------------------------\n"
            "# 1 passed, x 1 failed, 2 of 10 done\n"
            "workers busy 67 % of the time, 0.7 a second\n"
            "results in 1 s each:   ## (most 1)\n"
            "workers: .!.\n"
            "> running (1; 3 of 3 workers ready) ------------------------------------\n"
            "! tests/b                3.00 s, usually 4.00 s    overdue worker 1 node\n"
            "  what did not pass (1) ------------------------------------------------\n"
            "failed    tests/c  exit 1 error: no such thing\n"
            "\n\n\n\n\n\n\n"
            "q end  ? help  Enter log  Tab pane  d text\n");
}

TEST_F(PainterTest, AMergedBranchIsDrawnInItsLane) {
  Told run{Kind::search};
  run.start(1, 4);
  events::HistoryRead history = line_of(5);
  history.commits[3].parents = {1};
  history.commits[4].parents = {2, 3};
  run.tell(history);
  const std::string text = painted(run.model, {40, 24});
  EXPECT_THAT(text, HasSubstr("\n    --------#---\n.---#---#-------#\n")) << text;
}

TEST_F(PainterTest, TwentyColumnsAreEnoughForWhatMatters) {
  Told run{Kind::search};
  search(run);
  const std::string text = painted(run.model, {20, 6});
  EXPECT_THAT(text, HasSubstr("4 candidates of 15"));
  EXPECT_THAT(text, HasSubstr("2.00 s"));
}

TEST_F(PainterTest, AThousandWorkersAreAFewRows) {
  Told run{Kind::suite};
  run.start(1000);
  run.list(5000);
  for (std::uint32_t i = 0; i < 1000; ++i) run.begin(i + 1, i, "w" + std::to_string(i));
  run.tell(events::StillRunning{job::WorkerId{999}, job::JobId{1000}, 1, "w999", Seconds{3}});
  const std::string text = painted(run.model, {80, 24});
  EXPECT_THAT(text, HasSubstr("\n! w999")) << "what is overdue stands first";
  EXPECT_THAT(text, HasSubstr("###!\n"));
}

TEST_F(PainterTest, HelpTellsTheKeys) {
  Told run{Kind::search};
  search(run);
  Input key;
  key.character = '?';
  static_cast<void>(desk.press(key, run.model));
  EXPECT_THAT(painted(run.model, {80, 24}), HasSubstr("cancel the job"));
  static_cast<void>(desk.press(key, run.model));
  EXPECT_THAT(painted(run.model, {80, 24}), HasSubstr("candidates"));
}

/// Whatever happens, in whatever order, each line is as wide as the terminal and has nothing that could drive it.
TEST_F(PainterTest, AnyEventsAtAnySizeGiveWholeLines) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Kind kind = seed % 2 == 0 ? Kind::search : Kind::suite;
    events::Dice dice{seed, kind};
    Model model{kind};
    Desk any{[](const std::string&) { return std::string{"\x1b[31merror\x07\n\tx\n"}; },
             {true, true, true, true, false}};
    for (int i = 0; i < 60; ++i) {
      switch (dice.number(13)) {
        case 0:
          model.show(dice.event<events::RunStarted>(), Seconds{double(i)});
          break;
        case 1:
          model.show(dice.event<events::HistoryRead>(), Seconds{double(i)});
          break;
        case 2:
          model.show(dice.event<events::WorkloadsListed>(), Seconds{double(i)});
          break;
        case 3:
          model.show(dice.event<events::WorkerReady>(), Seconds{double(i)});
          break;
        case 4:
          model.show(dice.event<events::JobAssigned>(), Seconds{double(i)});
          break;
        case 5:
          model.show(dice.event<events::PhaseStarted>(), Seconds{double(i)});
          break;
        case 6:
          model.show(dice.event<events::JobEnded>(), Seconds{double(i)});
          break;
        case 7:
          model.show(dice.event<events::VerdictKnown>(), Seconds{double(i)});
          break;
        case 8:
          model.show(dice.event<events::Progress>(), Seconds{double(i)});
          break;
        case 9:
          model.show(dice.event<events::WorkerGone>(), Seconds{double(i)});
          break;
        case 10:
          model.show(dice.event<events::Notice>(), Seconds{double(i)});
          break;
        case 11:
          model.show(dice.event<events::JobReturned>(), Seconds{double(i)});
          break;
        default:
          if (dice.number(20) == 0) model.show(dice.event<events::RunEnded>(), Seconds{double(i)});
          break;
      }
      Input input;
      input.key = static_cast<Input::Key>(dice.number(17));
      constexpr std::string_view keys = "?hkjd+-pqcsyn/fwG ";
      input.character = static_cast<unsigned char>(keys[dice.number(keys.size())]);
      input.row = dice.number(30);
      static_cast<void>(any.press(input, model));
      const Size size{1 + dice.number(120), 1 + dice.number(40)};
      const auto lines = paint(model, any, size, dice.number(2) == 0 ? Letters::ascii : Letters::unicode);
      ASSERT_EQ(lines.size(), size.rows);
      for (const Line& line : lines) {
        ASSERT_EQ(line.columns(), size.columns) << line.text();
        for (const char byte : line.text()) {
          const auto code = static_cast<unsigned char>(byte);
          ASSERT_TRUE(code >= 0x20 && code != 0x7F) << line.text();
        }
      }
    }
  }
}

/// Each verdict is evidence only, so what is drawn is how much speaks for each commit.
TEST_F(PainterTest, AFlakySearchIsColouredByBelief) {
  Told run{Kind::search};
  run.start(1, 15);
  run.tell(line_of(16));
  const auto end = [&](std::uint64_t job, std::size_t number, Mark mark) {
    events::JobEnded ended;
    ended.job = job::JobId{job};
    ended.item = commit(number);
    ended.mark = mark;
    ended.left = 15;
    ended.confidence = 0.3;
    run.tell(ended);
  };
  end(1, 8, Mark::passed);
  end(2, 8, Mark::passed);
  end(3, 12, Mark::failed);
  const std::string text = painted(run.model, {100, 20});
  EXPECT_THAT(text, HasSubstr("\n.---.---.---.---.---.---.---.---+---%---%---%---x---=---=---=\n"));
  EXPECT_THAT(text, HasSubstr("how probable it is: @ over 25 %  % 5 %"));
  EXPECT_THAT(painted(run.model, {100, 20}, Letters::unicode), HasSubstr("▓───▓───▓───x"));
  end(4, 10, Mark::failed);
  end(5, 10, Mark::failed);
  end(6, 9, Mark::passed);
  end(7, 9, Mark::passed);
  EXPECT_THAT(painted(run.model, {100, 20}), HasSubstr("+---x---:---x"));
  EXPECT_GT(run.model.share(10), 0.9);
  const auto lines = paint(run.model, desk, {100, 20}, Letters::ascii);
  events::RunEnded over;
  over.result = "found";
  over.search.answer = commit(10) + " is the first bad commit\n";
  over.search.confidence = 0.99;
  over.search.suspects = {{commit(10), "break it", 0.99}, {commit(9), "change 9", 0.008}};
  run.tell(over);
  const std::string at_the_end = painted(run.model, {100, 30});
  EXPECT_THAT(at_the_end,
              HasSubstr(commit(10) + " is the first bad commit\n  break it\n  or (0.8 %) 9c0000000000 change 9\n"));
  const auto marked = [](const Line& line) {
    return std::ranges::any_of(line.spans(), [](const Span& span) { return span.text == "x" && span.style.reversed; });
  };
  EXPECT_TRUE(std::ranges::any_of(lines, marked)) << "it was tested, and is most probably it";
}

}  // namespace
}  // namespace nmz::screen
