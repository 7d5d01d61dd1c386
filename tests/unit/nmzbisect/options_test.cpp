#include "options.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzbisect {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Options parsed(const std::vector<std::string>& arguments) {
  const auto request = parse(arguments);
  if (!request) {
    ADD_FAILURE() << request.error().message;
    return Options{};
  }
  return request->options;
}

std::string complaint(const std::vector<std::string>& arguments) {
  const auto request = parse(arguments);
  return request ? "" : request.error().message;
}

TEST(OptionsTest, TheRangeIsReadAsGitReadsIt) {
  EXPECT_THAT(parsed({"v1.2..main", "--", "true"}).goods, ElementsAre("v1.2"));
  EXPECT_EQ(parsed({"v1.2..main", "--", "true"}).bad, "main");
  EXPECT_EQ(parsed({"v1.2..", "--", "true"}).bad, "HEAD");
  EXPECT_THAT(parsed({"..topic", "--", "true"}).goods, ElementsAre("HEAD"));
}

TEST(OptionsTest, HowOftenTheAnswerIsProvedIsBehindAnEqualsSign) {
  EXPECT_EQ(parsed({"a..b", "--", "true"}).prove, 0U);
  const Options alone = parsed({"--prove", "a..b", "--", "true"});
  EXPECT_EQ(alone.prove, 3U);
  EXPECT_THAT(alone.goods, ElementsAre("a")) << "the range is not for the option";
  EXPECT_EQ(parsed({"-prove=5", "a..b", "--", "true"}).prove, 5U);
  EXPECT_THAT(complaint({"--prove=0", "a..b", "--", "true"}), HasSubstr("--prove"));
}

TEST(OptionsTest, EndsCanBeGivenOneByOne) {
  const Options options = parsed({"--good", "a", "--good=b", "--bad", "c", "--", "true"});
  EXPECT_THAT(options.goods, ElementsAre("a", "b"));
  EXPECT_EQ(options.bad, "c");
  EXPECT_THAT(parsed({"a..c", "--good", "b", "--", "true"}).goods, ElementsAre("b", "a"));
}

TEST(OptionsTest, TheLastWordCountsAndListsGrow) {
  const Options options = parsed({"--log-dir", "a", "--log-dir", "b", "--env", "A=1", "--env", "B=2", "--path", "p",
                                  "--path", "q", "a..b", "--", "true"});
  EXPECT_EQ(options.log_directory, "b");
  EXPECT_THAT(options.environment, ElementsAre("A=1", "B=2"));
  EXPECT_THAT(options.pathspecs, ElementsAre("p", "q"));
}

TEST(OptionsTest, ASecondBadEndIsRefused) {
  EXPECT_THAT(complaint({"--good", "a", "--bad", "b", "--bad", "c", "--", "true"}), HasSubstr("--bad is given twice"));
  EXPECT_THAT(complaint({"a..b", "--bad", "c", "--", "true"}), HasSubstr("not both"));
}

TEST(OptionsTest, AnEmptyValueIsAVariableThatIsNotSet) {
  for (const std::string option :
       {"--image", "--json", "--log-dir", "--work-dir", "--host", "--good", "-C", "--jobs"}) {
    EXPECT_THAT(complaint({option, "", "a..b", "--", "true"}), HasSubstr("empty value")) << option;
  }
  for (const std::string option : {"--image=", "-image="}) {
    EXPECT_NE(complaint({option, "a..b", "--", "true"}), "") << option;
  }
  EXPECT_EQ(parsed({"--build", "", "--match", "", "a..b", "--", "true"}).match, "");
}

TEST(OptionsTest, ANameAloneHasItsValueHere) {
  ::setenv("NMZ_TEST_INHERITED", "here", 1);  // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("NMZ_TEST_MISSING");             // NOLINT(concurrency-mt-unsafe)
  EXPECT_THAT(parsed({"--env", "NMZ_TEST_INHERITED", "--env", "NMZ_TEST_MISSING", "a..b", "--", "true"}).environment,
              ElementsAre("NMZ_TEST_INHERITED=here"));
  EXPECT_NE(complaint({"--env", "=x", "a..b", "--", "true"}), "");
}

TEST(OptionsTest, TheCommandIsNotTouched) {
  const std::vector<std::string> command{"./t", "--log", "foo", "%s", "", "a b", "'\"", "--", "-j", "--help"};
  std::vector<std::string> arguments{"a..b", "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  EXPECT_EQ(parsed(arguments).command, command);
}

TEST(OptionsTest, ASingleDashIsEnough) {
  EXPECT_EQ(parsed({"-replicas", "10", "a..b", "--", "true"}).workers, 10);
  EXPECT_EQ(parsed({"-replicas=10", "a..b", "--", "true"}).workers, 10);
  EXPECT_EQ(parsed({"-j10", "a..b", "--", "true"}).workers, 10);
  EXPECT_TRUE(parsed({"-first-parent", "a..b", "--", "true"}).first_parent);
}

TEST(OptionsTest, TimesHaveUnits) {
  EXPECT_EQ(parsed({"--timeout", "10", "a..b", "--", "true"}).timeout, milliseconds{10'000});
  EXPECT_EQ(parsed({"--timeout", "1.5s", "a..b", "--", "true"}).timeout, milliseconds{1500});
  EXPECT_EQ(parsed({"--timeout", "200ms", "a..b", "--", "true"}).timeout, milliseconds{200});
  EXPECT_EQ(parsed({"--timeout", "2m", "a..b", "--", "true"}).timeout, milliseconds{120'000});
  for (const char* wrong : {"0", "-1", "abc", "1x", "1e99", "nan", ""}) {
    EXPECT_THAT(complaint({"--timeout=" + std::string{wrong}, "a..b", "--", "true"}), HasSubstr("--timeout")) << wrong;
  }
}

TEST(OptionsTest, FindFixBringsItsOwnTerms) {
  EXPECT_EQ(parsed({"--find-fix", "a..b", "--", "true"}).term_new, "fixed");
  EXPECT_EQ(parsed({"--find-fix", "--term-new", "quick", "--term-old", "slow", "a..b", "--", "true"}).term_new,
            "quick");
}

TEST(OptionsTest, WhatCannotBeMeantIsNamed) {
  struct Case {
    std::vector<std::string> arguments;
    std::string named;
  };
  const std::vector<Case> cases = {
      {{}, "GOOD..BAD"},
      {{"a..b"}, "command"},
      {{"a..b", "--"}, "command"},
      {{"a..b", "--", ""}, "command"},
      {{"a...b", "--", "true"}, "two dots"},
      {{"a", "--", "true"}, "'a'"},
      {{"a..b", "make", "--", "true"}, "'make'"},
      {{"a..b", "sh", "-c", "true"}, "'--'"},
      {{"a..b", "--bad", "c", "--", "true"}, "--bad"},
      {{"--good", "a", "--", "true"}, "GOOD..BAD"},
      {{"--jobs", "0", "a..b", "--", "true"}, "--jobs"},
      {{"--jobs", "x", "a..b", "--", "true"}, "--jobs"},
      {{"--strategy", "random", "a..b", "--", "true"}, "random"},
      {{"--match", "(", "a..b", "--", "true"}, "--match"},
      {{"--env", "=x", "a..b", "--", "true"}, "NAME=VALUE"},
      {{"--term-old", "skip", "a..b", "--", "true"}, "skip"},
      {{"--term-old", "bad", "a..b", "--", "true"}, "different"},
      {{"--term-new", "two words", "a..b", "--", "true"}, "two words"},
      {{"--no-such-option", "a..b", "--", "true"}, "--no-such-option"},
      {{"-q", "-v", "a..b", "--", "true"}, "--quiet"},
  };
  for (const Case& wrong : cases) {
    const std::string message = complaint(wrong.arguments);
    EXPECT_THAT(message, HasSubstr(wrong.named));
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

TEST(OptionsTest, HelpAndVersionNeedNothingElse) {
  ASSERT_TRUE(parse({"--help"})->print);
  EXPECT_THAT(*parse({"--help"})->print, HasSubstr("Examples:"));
  EXPECT_THAT(*parse({"--version"})->print, HasSubstr("nmzbisect "));
}

}  // namespace
}  // namespace nmz::nmzbisect
