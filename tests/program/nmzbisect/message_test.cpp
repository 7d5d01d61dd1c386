// What a user is told who made one of the usual mistakes: what is wrong, and what to write instead.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using testing::Not;
using testing::SizeIs;

class MessageTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(const std::string& script, std::vector<std::string> options) {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }
  [[nodiscard]] std::string refused(const std::vector<std::string>& all) {
    const Ended ended = place.bisect(repository.path(), all);
    EXPECT_THAT(ended, FailsWith(128));
    return ended.err;
  }

  Workplace place;
  LineRepository repository{40};
};

TEST_F(MessageTest, ATestThatAlwaysFailsIsNoticedAfterThreeAndItsLogIsShown) {
  const std::string note = place.note("tested").string();
  const std::string script = "echo x >> " + note + "; ls /nonexistent/data; exit 1";
  const Ended ended = search(script, {"-j", "1", "--isolate", "none"});
  EXPECT_THAT(ended, FailsWith(1));
  EXPECT_THAT(lines_of(note), SizeIs(3));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("the end of " + place.log_dir().string()),
                               HasSubstr("its log says: ls: cannot access '/nonexistent/data'")));
}

TEST_F(MessageTest, ATestThatNeverFailsIsNoticedAfterThree) {
  const std::string note = place.note("tested").string();
  EXPECT_THAT(search("echo x >> " + note, {"-j", "1"}), FailsWith(1));
  EXPECT_THAT(lines_of(note), SizeIs(3));
}

TEST_F(MessageTest, ABuildThatFailsEverywhereStopsAfterFiveUnlessToldToGoOn) {
  const std::string note = place.note("built").string();
  const std::vector<std::string> build{"-j",   "1",       "--isolate",
                                       "none", "--build", "echo x >> " + note + "; echo 'cc: no such thing'; exit 2"};
  const Ended ended = search("true", build);
  EXPECT_THAT(ended, FailsWith(4));
  EXPECT_THAT(lines_of(note), SizeIs(5));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("the build fails at " + repository.ids().back().substr(0, 12)),
                               HasSubstr("cc: no such thing"), HasSubstr("--keep-going")));
  std::vector<std::string> on = build;
  on.emplace_back("--keep-going");
  EXPECT_THAT(search("true", on), FailsWith(4));
  EXPECT_THAT(lines_of(note), SizeIs(5 + 40));
}

TEST_F(MessageTest, TheEndOfTheCulpritsLogComesWithItsNameAndNotBeforeIt) {
  const std::string script = "seq 20; test $n -lt 13 || { echo broken; exit 1; }";
  const Ended ended = search(script, {"-j", "2", "--log-lines", "2"});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, AllOf(HasSubstr(repository.ids()[13] + ".log:\n20\nbroken\n"), Not(HasSubstr("\n19\n"))));
  EXPECT_THAT(search(script, {"-j", "2", "--log-lines", "0"}).err, Not(HasSubstr("broken")));
}

TEST_F(MessageTest, OneTestAtATimeIsSeenAsItRuns) {
  EXPECT_THAT(search("echo this is $n; test $n -lt 13", {"-j", "1"}).err, HasSubstr("\nthis is 13\nbad "));
  EXPECT_THAT(search("echo this is $n; test $n -lt 13", {"-j", "1", "-q"}).err, Not(HasSubstr("this is")));
}

TEST_F(MessageTest, WhatIsMistypedIsAnsweredWithTheRemedy) {
  const std::string range = repository.range();
  EXPECT_THAT(refused({"--job", "3", range, "--", "true"}), HasSubstr("did you mean --jobs?"));
  EXPECT_THAT(refused({"--time-out", "3", range, "--", "true"}), HasSubstr("did you mean --timeout?"));
  EXPECT_THAT(refused({"--xyzzy", range, "--", "true"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(refused({"start"}), HasSubstr("nmzbisect GOOD..BAD -- COMMAND"));
  EXPECT_THAT(refused({"HEAD~3", "HEAD", "--", "true"}), HasSubstr("write HEAD~3..HEAD"));
  EXPECT_THAT(refused({range, "--", "make | tail"}), HasSubstr("sh -c 'make | tail'"));
  EXPECT_THAT(refused({"--image", "gcc:12", range, "make", "check"}), HasSubstr(range + " -- make ..."));
}

}  // namespace
}  // namespace nmz::conformance
