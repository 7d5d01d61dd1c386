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
using testing::Not;
using testing::StartsWith;

enum class Colour : std::uint8_t { red, green, blue };

/// A program with an option of each kind.
class ParserTest : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  /// The page, if there is one; or the message.
  std::string read(const Words& arguments, const std::vector<Default>& defaults = {}) {
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
                flag("--no-fumes", no_fumes, "Airs"), flag("--no-wet-hands", gloves, "Gloves"),
                flag("--wet-hands", wet_hands, "No gloves"), page("--version", "paint 1\n", "The version")});
    const auto read = parser.parse(arguments, defaults);
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
  bool no_fumes = false;
  bool gloves = false;
  bool wet_hands = false;
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

/// As a configuration says it.
Default said(const std::string& option, const std::string& value, const std::string& origin = "here") {
  Default one;
  one.option = option;
  one.value = value;
  one.name = "paint." + option;
  one.origin = origin;
  return one;
}

TEST_F(ParserTest, DefaultsCountWhereTheCommandLineSaysNothing) {
  EXPECT_EQ(read({"--colour", "blue", "--path", "x", "--name", "n"},
                 {said("jobs", "3"), said("replicas", "4"), said("colour", "grey"), said("path", "y"),
                  said("wet", "on"), said("Time-Out", "2s"), said("other", "1"), said("command", "ls | wc")}),
            "");
  EXPECT_EQ(jobs, 4U) << "the last one, whatever name it goes by";
  EXPECT_EQ(colour, Colour::blue) << "the command line, whatever is wrong with the other";
  EXPECT_THAT(paths, ElementsAre("x")) << "nothing is added to a list that is given";
  EXPECT_EQ(limit, milliseconds{2000});
  EXPECT_TRUE(wet);
  EXPECT_THAT(command, ElementsAre("sh", "-c", "ls | wc"));
  EXPECT_EQ(read({"--", "own"}, {said("command", "ls")}), "");
  EXPECT_THAT(command, ElementsAre("own"));
  EXPECT_FALSE(given) << "not by the command line";
}

TEST_F(ParserTest, DefaultsOfAListCollectUntilAnEmptyOne) {
  EXPECT_EQ(read({}, {said("path", "a"), said("path", "b")}), "");
  EXPECT_THAT(paths, ElementsAre("a", "b"));
  paths.clear();
  EXPECT_EQ(read({}, {said("path", "a"), said("path", ""), said("path", "b"), said("name", "x"), said("name", "")}),
            "");
  EXPECT_THAT(paths, ElementsAre("b"));
  EXPECT_EQ(name, "");
}

TEST_F(ParserTest, DefaultsOfFlagsAreGitsBooleansAlsoOfTheirOpposites) {
  EXPECT_EQ(read({}, {said("wet", "1"), said("fumes", "false"), said("wet-hands", "no")}), "");
  EXPECT_TRUE(wet);
  EXPECT_TRUE(no_fumes);
  EXPECT_TRUE(gloves) << "what is off is what the other flag says";
  EXPECT_FALSE(wet_hands);
  gloves = false;
  EXPECT_EQ(read({"--wet-hands"}, {said("no-wet-hands", "true")}), "");
  EXPECT_FALSE(gloves) << "the command line says the opposite";
  wet = true;
  EXPECT_EQ(read({}, {said("wet", "yes"), said("wet", "")}), "");
  EXPECT_FALSE(wet);
}

TEST_F(ParserTest, ADefaultIsLeftOutByName) {
  EXPECT_EQ(read({"--no-jobs", "--no-wet", "--no-path", "--fumes"},
                 {said("replicas", "many"), said("wet", "perhaps"), said("path", "a"), said("no-fumes", "1")}),
            "");
  EXPECT_EQ(jobs, 2U);
  EXPECT_THAT(paths, IsEmpty());
  EXPECT_FALSE(no_fumes);
  EXPECT_THAT(read({"--wet", "--no-wet"}), StartsWith("--wet and --no-wet exclude each other"));
  EXPECT_THAT(read({"--help"}), Not(HasSubstr("--no-jobs")));
}

TEST_F(ParserTest, WhatIsWrongWithADefaultNamesItAndItsPlace) {
  EXPECT_EQ(read({}, {said("jobs", "many")}), "paint.jobs needs a number from 1 to 100, not 'many' (from here)");
  EXPECT_EQ(read({}, {said("wet", "perhaps")}), "paint.wet needs true or false, not 'perhaps' (from here)");
  Default alone = said("jobs", "true");
  alone.alone = true;
  EXPECT_EQ(read({}, {alone}), "paint.jobs has no value (from here)");
  alone.option = "fail-fast";
  EXPECT_EQ(read({}, {alone}), "");
  EXPECT_EQ(failures, 1U);
}

TEST(ContradictionTest, TheFarthestDefaultOfThoseThatContradictYields) {
  bool one = false;
  bool other = false;
  bool third = false;
  Parser parser{Headline{}};
  parser.add({flag("--one", one, ""), flag("--other", other, ""), flag("--third", third, "")});
  std::vector<Default> defaults{said("third", "1"), said("other", "1", "far"), said("one", "1", "near")};
  ASSERT_TRUE(parser.parse({}, defaults).has_value());
  EXPECT_EQ(parser.contradiction({"--one", "--other"}, "no").value().message, "no");
  EXPECT_EQ(parser.withdraw(defaults).value_or(Default{}).origin, "far");
  EXPECT_EQ(defaults.size(), 2U);
  EXPECT_FALSE(parser.withdraw(defaults)) << "of another error nothing";
  Parser given{Headline{}};
  given.add({flag("--one", one, ""), flag("--other", other, "")});
  ASSERT_TRUE(given.parse({"--one"}, defaults).has_value());
  static_cast<void>(given.contradiction({"--one"}, "no"));
  EXPECT_FALSE(given.withdraw(defaults)) << "what is given stays";
}

}  // namespace
}  // namespace nmz::command_line
