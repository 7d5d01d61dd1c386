#include "nmz/screen/styled.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::screen {
namespace {

TEST(StyledTest, WideCharactersTakeTwoColumnsAndCombiningOnesNone) {
  EXPECT_EQ(columns_of("abc"), 3);
  EXPECT_EQ(columns_of("\u4e2d\u6587"), 4);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of(""), 0);
}

TEST(StyledTest, NoCharacterIsCutInHalf) {
  EXPECT_EQ(cut("\u4e2d\u6587", 3), "\u4e2d");
  EXPECT_EQ(fitted("\u4e2d\u6587", 3), "\u4e2d ");
  EXPECT_EQ(cut("ae\u0301x", 2), "ae\u0301");
}

TEST(StyledTest, OfALongCommandTheEndIsKept) {
  EXPECT_EQ(cut_front("nmzbisect v1..v2", 16), "nmzbisect v1..v2");
  EXPECT_EQ(cut_front("nmzbisect v1..v2", 9), "...v1..v2");
  EXPECT_EQ(cut_front("a\u4e2d\u6587", 4), "...") << "no half of a wide character";
  EXPECT_EQ(cut_front("a\u4e2d\u6587", 5), "a\u4e2d\u6587");
  EXPECT_EQ(cut_front("abcde\u0301f", 4), "...f") << "an accent is not left alone";
  EXPECT_EQ(cut_front("abc", 2), "ab");
}

TEST(StyledTest, ALongTextIsWrappedAndNothingOfItIsLost) {
  EXPECT_THAT(wrapped("abcdefg", 3), testing::ElementsAre("abc", "def", "g"));
  EXPECT_THAT(wrapped("a\u4e2d\u6587", 2), testing::ElementsAre("a", "\u4e2d", "\u6587"));
  EXPECT_THAT(wrapped("", 3), testing::ElementsAre(""));
  EXPECT_THAT(wrapped("\u4e2d", 1), testing::ElementsAre("")) << "there is no end to it otherwise";
}

TEST(StyledTest, WordsAreWrappedWholeWhereTheyCanBe) {
  EXPECT_THAT(wrapped_words("one two three", 7), testing::ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped_words("one two three", 9), testing::ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped_words("a verylongword", 6), testing::ElementsAre("a very", "longwo", "rd"))
      << "no half empty line";
  EXPECT_THAT(wrapped_words("short", 9), testing::ElementsAre("short"));
  EXPECT_THAT(wrapped_words("", 9), testing::ElementsAre(""));
  EXPECT_THAT(wrapped_words("ab", 0), testing::ElementsAre("ab")) << "there is no end to it otherwise";
}

TEST(StyledTest, ALineIsAsWideAsItIsToldToBe) {
  Line line{"one "};
  line.add("\u4e2d\u6587", {Tone::bad});
  EXPECT_EQ(Line{line}.fit(7).text(), "one \u4e2d ");
  EXPECT_EQ(Line{line}.fit(12).text(), "one \u4e2d\u6587    ");
  EXPECT_EQ(Line{line}.add_at_right("end", 14).text(), "one \u4e2d\u6587   end");
  EXPECT_EQ(Line{line}.add_at_right("end", 10).text(), "one \u4e2d\u6587") << "no room";
}

TEST(StyledTest, ForeignTextIsOneHarmlessLine) {
  EXPECT_EQ(shown("a\x1b[2Jb\tc\x1b]0;title\x07"), "ab c");
  EXPECT_THAT(shown("a\nb"), testing::Not(testing::HasSubstr("\n")));
}

}  // namespace
}  // namespace nmz::screen
