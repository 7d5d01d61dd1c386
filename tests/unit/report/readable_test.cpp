#include "readable.hpp"

#include <string>

#include <gtest/gtest.h>

namespace nmz::report {
namespace {

using namespace std::string_literals;

TEST(ReadableTest, TextStaysAsItIs) {
  const std::string text = "plain \t\r\n \u00E4 \u20AC \uFFFD \U0001F600 \U0010FFFF";
  EXPECT_EQ(readable(text), text);
}

TEST(ReadableTest, WhatIsNoTextIsReplaced) {
  EXPECT_EQ(readable("a\0b\x01"s), "a\uFFFDb\uFFFD");
  EXPECT_EQ(readable("\xFF"), "\uFFFD");
  EXPECT_EQ(readable("\xC3"), "\uFFFD") << "cut off";
  EXPECT_EQ(readable("\xC0\x80"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(readable("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  EXPECT_EQ(readable("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "beyond U+10FFFF";
  EXPECT_EQ(readable("\xEF\xBF\xBE\xEF\xBF\xBF"), "\uFFFD\uFFFD");
}

TEST(ReadableTest, TerminalSequencesAreLeftOut) {
  EXPECT_EQ(readable("\x1b[1;31mred\x1b[0m\x1b[K"), "red");
  EXPECT_EQ(readable("\x1b]0;title\a\x1b(Btext"), "text");
  EXPECT_EQ(readable("\x1b[1;"), "") << "cut off";
  EXPECT_EQ(readable("\x1b"), "\uFFFD");
  EXPECT_EQ(readable("a\x7f"
                     "b\xC2\x85"),
            "a\uFFFDb\uFFFD");
  EXPECT_EQ(readable("a\u202Eb"), "a\uFFFDb");
}

TEST(ReadableTest, TheLastLinesAreWholeOnes) {
  EXPECT_EQ(last_lines("a\nb\nc\n", 2, 100), "b\nc");
  EXPECT_EQ(last_lines("a\nb\nc", 9, 100), "a\nb\nc");
  EXPECT_EQ(last_lines("aaaa\nbb\ncc\n", 9, 6), "bb\ncc");
  EXPECT_EQ(last_lines("abcdefgh\n\n", 9, 3), "fgh");
  EXPECT_EQ(last_lines("", 9, 9), "");
  EXPECT_EQ(last_lines("\n\n", 9, 9), "");
}

}  // namespace
}  // namespace nmz::report
