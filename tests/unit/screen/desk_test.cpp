#include "nmz/screen/desk.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream.hpp"

namespace nmz::screen {
namespace {

using events::Kind;
using events::Mark;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Key = Input::Key;

class DeskTest : public testing::Test {
 protected:
  DeskTest() {
    Abilities all;
    all.cancel = all.skip = all.again = all.workers = all.pause = true;
    desk.set_abilities(all);
  }
  std::vector<Wish> press(Key key) {
    Input input;
    input.key = key;
    return desk.press(input, run.model);
  }
  std::vector<Wish> press(char32_t character) {
    Input input;
    input.character = character;
    return desk.press(input, run.model);
  }
  std::string painted(Size size = {80, 24}) { return text_of(paint(run.model, desk, size, Letters::ascii)); }

  std::map<std::string, std::string> files{{"/log", "one\ntwo\nERROR: three\n"}};
  Told run{Kind::search};
  Desk desk{[this](const std::string& path) { return files[path]; }, {}};
};

TEST_F(DeskTest, WhatTakesAwayIsAskedAboutFirst) {
  run.start(2, 10);
  run.tell(line_of(11));
  run.begin(7, 1, commit(5));
  press(Key::down);
  EXPECT_THAT(press('c'), IsEmpty());
  EXPECT_THAT(painted(), HasSubstr("cancel 5c0000000000?"));
  EXPECT_THAT(press('n'), IsEmpty());
  press('c');
  const auto wishes = press('y');
  ASSERT_THAT(wishes, SizeIs(1));
  EXPECT_EQ(std::get<CancelJob>(wishes[0]).job, job::JobId{7});
  press('s');
  const auto skip = press('y');
  ASSERT_THAT(skip, SizeIs(1));
  EXPECT_EQ(std::get<SkipCommit>(skip[0]).item, commit(5));
}

TEST_F(DeskTest, TheEndOfTheRunIsAskedAboutAndDetachingIsNot) {
  run.start(1, 10);
  EXPECT_THAT(press('q'), IsEmpty());
  EXPECT_THAT(painted(), HasSubstr("end the run?"));
  const auto end = press('y');
  ASSERT_THAT(end, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<EndRun>(end[0]));
  const auto detach = press('d');
  ASSERT_THAT(detach, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<Detach>(detach[0]));
  run.tell(events::RunEnded{});
  const auto leave = press('q');
  ASSERT_THAT(leave, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<Leave>(leave[0])) << "it is over, nothing is lost";
}

TEST_F(DeskTest, WorkersAreChangedAtOnce) {
  run.start(1, 10);
  EXPECT_EQ(std::get<ChangeWorkers>(press('+').at(0)).by, 1);
  EXPECT_EQ(std::get<ChangeWorkers>(press('-').at(0)).by, -1);
  desk.set_abilities({});
  EXPECT_THAT(press('+'), IsEmpty());
  EXPECT_THAT(desk.message(), HasSubstr("cannot"));
}

TEST_F(DeskTest, TheRunIsPausedAndGoesOn) {
  run.start(1, 10);
  for (const bool on : {true, false, true}) {
    const auto wishes = press('p');
    ASSERT_THAT(wishes, SizeIs(1));
    EXPECT_EQ(std::get<Pause>(wishes[0]).on, on);
    EXPECT_EQ(painted().find("paused") != std::string::npos, on) << painted();
  }
  run.tell(events::RunEnded{});
  EXPECT_THAT(press('p'), IsEmpty());
}

TEST_F(DeskTest, WhereBrowsersFindTheRunIsSaidAndAmongTheKeys) {
  run.start(2, 10);
  press('?');
  EXPECT_THAT(painted(), Not(HasSubstr("browser")));
  press('x');
  desk.set_address("http://127.0.0.1:4711/token");
  EXPECT_THAT(painted(), HasSubstr("in a browser: http://127.0.0.1:4711/token"));
  press(Key::down);
  EXPECT_THAT(painted(), Not(HasSubstr("browser")));
  press('?');
  EXPECT_THAT(painted(), HasSubstr("In a browser: http://127.0.0.1:4711/token"));
}

TEST_F(DeskTest, ALiveLogIsFollowedUntilSomebodyScrolls) {
  run.start(1, 10);
  run.begin(1, 0, commit(5));
  for (int i = 0; i < 100; ++i) run.tell(events::Output{job::JobId{1}, "line " + std::to_string(i) + "\n"});
  press(Key::enter);
  EXPECT_THAT(painted(), HasSubstr("line 99"));
  press(Key::page_up);
  EXPECT_THAT(painted(), testing::Not(HasSubstr("line 99")));
  run.tell(events::Output{job::JobId{1}, "the last\n"});
  EXPECT_THAT(painted(), testing::Not(HasSubstr("the last")));
  press(Key::end);
  EXPECT_THAT(painted(), HasSubstr("the last"));
  run.end(1, commit(5), Mark::failed, 5, "/log");
  EXPECT_THAT(painted(), HasSubstr("ERROR: three")) << "what has ended is read from its file";
  press('q');
  EXPECT_EQ(desk.page(), Desk::Page::overview);
}

TEST_F(DeskTest, ALogIsSearched) {
  std::string log;
  for (int i = 0; i < 300; ++i) log += i % 100 == 50 ? "Needle " + std::to_string(i) + "\n" : "hay\n";
  files["/log"] = log;
  run.start(1, 10);
  run.end(1, commit(5), Mark::failed, 5, "/log");
  press(Key::tab);
  press(Key::enter);
  painted();
  press(Key::home);
  press('/');
  for (const char32_t c : U"needle") {
    if (c != 0) press(c);
  }
  press(Key::enter);
  EXPECT_THAT(painted(), HasSubstr("Needle 50"));
  press('n');
  EXPECT_THAT(painted(), HasSubstr("Needle 150"));
  press('/');
  press('x');
  press(Key::enter);
  EXPECT_THAT(painted(), HasSubstr("is not in it"));
}

TEST_F(DeskTest, LongLinesAreWrappedWhenAsked) {
  files["/log"] = std::string(50, 'a') + std::string(50, 'b') + "\n";
  run.start(1, 10);
  run.end(1, commit(5), Mark::failed, 5, "/log");
  press(Key::tab);
  press(Key::enter);
  EXPECT_THAT(painted({50, 10}), testing::Not(HasSubstr("bbb")));
  press('w');
  EXPECT_THAT(painted({50, 10}), HasSubstr(std::string(50, 'b')));
}

TEST_F(DeskTest, TheSelectedTestStaysWhereNewOnesCome) {
  run.start(1, 10);
  run.end(1, commit(1), Mark::passed, 9);
  run.end(2, commit(2), Mark::passed, 8);
  press(Key::tab);
  press(Key::down);
  EXPECT_EQ(desk.selected(1, run.model), 1);
  run.end(3, commit(3), Mark::passed, 7);
  EXPECT_EQ(desk.selected(1, run.model), 2) << "still the first";
}

TEST_F(DeskTest, AtTheEndTheOneListThatIsLeftHasTheKeysFromItsTop) {
  run.start(1, 10);
  run.end(1, commit(1), Mark::passed, 9);
  run.end(2, commit(2), Mark::passed, 8);
  press(Key::tab);
  press(Key::down);
  run.tell(events::RunEnded{});
  painted();
  EXPECT_EQ(desk.selected(1, run.model), 0);
  press(Key::tab);
  painted();
  EXPECT_EQ(desk.pane(), 1) << "the other list is gone";
  press(Key::down);
  painted();
  EXPECT_EQ(desk.selected(1, run.model), 1) << "what is selected after it stays";
}

TEST_F(DeskTest, AClickSelectsAndTheSecondOpens) {
  run.start(2, 10);
  run.begin(1, 1, commit(5));
  painted();
  const std::string text = painted();
  std::size_t row = 0;
  for (std::size_t at = 0; text.substr(at, text.find('\n', at) - at).find("tests  5c0") == std::string::npos; ++row) {
    at = text.find('\n', at) + 1;
    ASSERT_LT(row, 24);
  }
  Input click;
  click.key = Key::click;
  click.row = row;
  static_cast<void>(desk.press(click, run.model));
  EXPECT_EQ(desk.selected(0, run.model), 1);
  static_cast<void>(desk.press(click, run.model));
  EXPECT_EQ(desk.page(), Desk::Page::log);
}

TEST(TellingLineTest, IsTheFirstThatLooksLikeTheTrouble) {
  EXPECT_EQ(telling_line_of("start\nok\nE  AssertionError: 1 != 2\nerror 2\n"), "E  AssertionError: 1 != 2");
  EXPECT_EQ(telling_line_of("start\nthe end\n\n"), "the end");
  EXPECT_EQ(telling_line_of(""), "");
  EXPECT_EQ(telling_line_of("\x1b[31mfail\x1b[0m\x1b[2J\n"), "fail");
}

TEST_F(DeskTest, WhatDidNotPassIsRunAgain) {
  Told suite{Kind::suite};
  const auto key = [&](char32_t character) {
    Input input;
    input.character = character;
    return desk.press(input, suite.model);
  };
  Input tab;
  tab.key = Key::tab;
  suite.start(1);
  suite.list(3);
  EXPECT_THAT(key('r'), IsEmpty()) << "nothing has failed";
  suite.begin(1, 0, "alpha");
  suite.end_workload(1, "alpha", Mark::failed, 2);
  EXPECT_EQ(suite.model.results(Mark::failed), 1);
  EXPECT_THAT(key('r'), IsEmpty()) << "the keys are for the other list";
  EXPECT_THAT(desk.press(tab, suite.model), IsEmpty());
  const auto wishes = key('r');
  ASSERT_THAT(wishes, SizeIs(1));
  EXPECT_EQ(std::get<RunAgain>(wishes[0]).workload, "alpha");
  suite.tell(events::RunsAgain{"alpha", "alpha", Mark::failed, 1, 3});
  EXPECT_EQ(suite.model.results(), 0) << "its result is taken back";
  EXPECT_EQ(suite.model.results(Mark::failed), 0);
  EXPECT_THAT(key('r'), IsEmpty()) << "once is enough";
  suite.begin(2, 0, "alpha");
  suite.end_workload(2, "alpha", Mark::flaky, 2);
  EXPECT_EQ(suite.model.results(Mark::flaky), 1);
  EXPECT_THAT(key('r'), IsEmpty()) << "it has passed";
  suite.tell(events::RunEnded{});
  EXPECT_THAT(key('r'), IsEmpty());
  EXPECT_THAT(desk.message(), HasSubstr("--rerun failed"));
}

TEST_F(DeskTest, ASearchIsNotToldToRunAgain) {
  run.start(1, 10);
  run.tell(line_of(11));
  Abilities some;
  some.skip = true;
  desk.set_abilities(some);
  EXPECT_THAT(press('r'), IsEmpty());
  EXPECT_THAT(desk.message(), HasSubstr("by itself"));
}

}  // namespace
}  // namespace nmz::screen
