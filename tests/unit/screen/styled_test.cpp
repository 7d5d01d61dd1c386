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
