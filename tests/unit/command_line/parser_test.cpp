// A table of options, and what a command line makes of it.
#include "nmz/command_line/parser.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/command_line/values.hpp"

namespace nmz::command_line {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

enum class Colour : std::uint8_t { red, green, blue };

/// A program with an option of each kind.
class ParserTest : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  /// The page, if there is one; or the message.
  std::string read(const Words& arguments) {
    Headline line;
    line.name = "paint";
    line.purpose = "Paints.";
    line.usage = "Usage: paint [OPTION...]\n";
    line.hint = "see paint --help";
    Parser parser{line};
    parser.take_words(words);
    parser.take_command(command);
    parser.add({value("-j,--jobs,--replicas", "N", count(jobs, 100), "Painters"),
                or_alone(value("--fail-fast", "K", count(failures, 9), "End after K failures"), "1"),
                value("--colour", "NAME",
                      one_of<Colour>(colour, {{"red", Colour::red}, {"green", Colour::green}, {"blue", Colour::blue}}),
                      "What colour"),
                value("--timeout", "TIME", time(limit), "Not longer"), value("--name", "NAME", text(name), "Its name"),
                or_empty(value("--note", "TEXT", text(note), "A note")),
                list("--path", "PATH", texts(paths), "Where; may be repeated"), flag("--wet", wet, "Not yet dry"),
                page("--version", "paint 1\n", "The version")});
    const auto read = parser.parse(arguments);
    given = parser.given("--name");
    return read ? read->value_or("") : read.error().message;
  }

  Words words;
  Words command;
  std::uint32_t jobs = 2;
  std::size_t failures = 0;
  Colour colour = Colour::red;
  milliseconds limit{0};
  std::string name;
  std::string note = "none";
  Words paths;
  bool wet = false;
  bool given = false;
};

TEST_F(ParserTest, ValuesGoWhereTheTableSays) {
  EXPECT_EQ(read({"--jobs", "8", "a", "--colour=blue", "--timeout", "1.5s", "--path", "x", "b", "--path", "y", "--wet",
                  "--name", "n", "--", "run", "--jobs", "--", "z"}),
            "");
  EXPECT_EQ(jobs, 8U);
  EXPECT_EQ(colour, Colour::blue);
  EXPECT_EQ(limit, milliseconds{1500});
  EXPECT_THAT(paths, ElementsAre("x", "y"));
  EXPECT_THAT(words, ElementsAre("a", "b"));
  EXPECT_THAT(command, ElementsAre("run", "--jobs", "--", "z")) << "not looked at";
  EXPECT_TRUE(wet);
  EXPECT_TRUE(given);
}

TEST_F(ParserTest, WhatIsNotThereStaysAsItWas) {
  EXPECT_EQ(read({}), "");
  EXPECT_EQ(jobs, 2U);
  EXPECT_EQ(note, "none");
  EXPECT_THAT(paths, IsEmpty());
  EXPECT_FALSE(given);
}

TEST_F(ParserTest, OneDashIsEnoughAndOfSeveralTheLastCounts) {
  EXPECT_EQ(read({"-replicas=3", "-jobs", "4", "-j5"}), "");
  EXPECT_EQ(jobs, 5U);
}

TEST_F(ParserTest, AValueMayBeLeftOutWhereTheTableHasOne) {
  EXPECT_EQ(read({"--fail-fast", "--wet"}), "");
  EXPECT_EQ(failures, 1U);
  EXPECT_EQ(read({"--fail-fast", "3"}), "");
  EXPECT_EQ(failures, 3U);
}

TEST_F(ParserTest, AnEmptyValueIsAVariableThatIsNotSetUnlessItMayBeEmpty) {
  EXPECT_EQ(read({"--name", ""}), "--name has an empty value (a variable that is not set?)");
  EXPECT_EQ(read({"--path", "a", "--path", ""}), "--path has an empty value (a variable that is not set?)");
  EXPECT_EQ(read({"--note", ""}), "");
  EXPECT_EQ(note, "");
}

TEST_F(ParserTest, WhatIsWrongNamesTheOptionByItsFirstLongName) {
  EXPECT_EQ(read({"--replicas", "101"}), "--jobs needs a number from 1 to 100, not '101'");
  EXPECT_EQ(read({"--colour", "grey"}), "--colour is red, green or blue, not 'grey'");
  EXPECT_THAT(read({"--timeout", "soon"}), HasSubstr("--timeout needs a positive time"));
  EXPECT_EQ(jobs, 2U);
}

TEST_F(ParserTest, AnOptionThatIsNoneIsToldWithTheOneThatWasMeant) {
  EXPECT_EQ(read({"--repl", "3"}), "there is no option --repl; did you mean --replicas? (see paint --help)");
  EXPECT_EQ(read({"--jobz=3"}), "there is no option --jobz; did you mean --jobs? (see paint --help)");
  EXPECT_EQ(read({"--entirely-else"}), "there is no option --entirely-else (see paint --help)");
  EXPECT_THAT(read({"--jobs"}), AllOf(StartsWith("--jobs"), HasSubstr("(see paint --help)")));
}

TEST_F(ParserTest, APageIsTheAnswerToEverythingElse) {
  EXPECT_EQ(read({"--version", "--jobs", "many"}), "paint 1\n");
  EXPECT_EQ(read({"--", "--version"}), "");
  const std::string help = read({"--help", "--jobs", "many"});
  EXPECT_THAT(help, StartsWith("Paints.\nUsage: paint [OPTION...]\n"));
  EXPECT_THAT(help, AllOf(HasSubstr("-j,--jobs,--replicas N"), HasSubstr("--wet")));
}

}  // namespace
}  // namespace nmz::command_line
