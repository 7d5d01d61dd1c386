#include "nmz/text/utf8.hpp"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::text {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Not;

TEST(Utf8Test, PrintableNeutralisesWhatCouldDriveATerminal) {
  EXPECT_THAT(printable("plain ÄÖ 漢字 🙂"), Eq("plain ÄÖ 漢字 🙂"));
  EXPECT_THAT(printable("a\x1b[31mb"), Eq("ab"));
  EXPECT_THAT(printable("tab\tnew\nline\x7f"), Eq("tab\tnew\uFFFDline\uFFFD"));
  EXPECT_THAT(printable("c1 \xC2\x85 control"), Eq("c1 \uFFFD control"));
  EXPECT_THAT(printable("latin1 \xE4 cut \xE6\xBC"), Eq("latin1 \uFFFD cut \uFFFD\uFFFD"));
  EXPECT_THAT(printable("overlong \xC0\xAF surrogate \xED\xA0\x80"), Not(HasSubstr("\xC0")));
  EXPECT_THAT(printable("10 %\r20 %\r\r"), Eq("10 %\uFFFD20 %"));
  EXPECT_THAT(printable("\x1b"), Eq("\uFFFD"));
}

TEST(Utf8Test, SequencesAreLeftOutWhole) {
  const std::vector<std::string> sequences{"\x1b[31m",
                                           "\x1b[1;38:2::1:2:3m",
                                           "\x1b[K",
                                           "\x1b[?25l",
                                           "\x1b[>4;2m",
                                           "\x1b[0 q",
                                           "\x1b]0;title\a",
                                           "\x1b]8;;http://x\x1b\\",
                                           "\x1bP1$r0m\x1b\\",
                                           "\x1b_secret\x1b\\",
                                           "\x1b(B",
                                           "\x1b"
                                           "c",
                                           "\xC2\x9B"
                                           "31m",
                                           "\xC2\x9D"
                                           "0;t\xC2\x9C"};
  for (const std::string& sequence : sequences) {
    EXPECT_EQ(printable("a" + sequence + "b"), "ab") << testing::PrintToString(sequence);
    EXPECT_EQ(printable_lines("a" + sequence + "b\n", Colours::removed), "ab\n") << testing::PrintToString(sequence);
  }
}

TEST(Utf8Test, WhatBreaksOffLeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[31"), "a");
  EXPECT_EQ(printable("a\x1b[1;\nb"), "a\uFFFDb");
  EXPECT_EQ(printable("a\x1b]0;title"), "a0;title") << "no terminator: nothing is swallowed";
  EXPECT_EQ(printable_lines("a\x1b]0;t\nb\a", Colours::removed), "a0;t\nb\uFFFD");
}

TEST(Utf8Test, OnlyColoursAreKept) {
  EXPECT_EQ(printable_lines("\x1b[31mred\nstill\x1b[K\n", Colours::kept), "\x1b[31mred\nstill\n\x1b[0m");
  for (const std::string other : {"\x1b[2J", "\x1b[>4;2m", "\x1b[?1m", "\x1b[1 m", "\x1b]0;m\a"}) {
    EXPECT_EQ(printable_lines("a" + other + "b", Colours::kept), "ab") << testing::PrintToString(other);
  }
}

TEST(Utf8Test, AColourThatIsBegunWithC1IsBegunWithEscInstead) {
  EXPECT_EQ(printable_lines("x\xC2\x9B"
                            "31mred",
                            Colours::kept),
            "x\x1b[31mred\x1b[0m");
}

TEST(Utf8Test, NothingIsReadInAnotherOrderThanItStandsThere) {
  for (const char* const one : {"\u202A", "\u202D", "\u202E", "\u2066", "\u2069"}) {
    EXPECT_EQ(printable(std::string{"a"} + one + "b"), "a\uFFFDb");
  }
  EXPECT_EQ(printable("\u2029\u202F\u2065\u206A \u05D0\u05D1"), "\u2029\u202F\u2065\u206A \u05D0\u05D1");
}

TEST(Utf8Test, ReturnsAreLineEnds) {
  EXPECT_EQ(printable_lines("a\r\nb\r\r\nc\r", Colours::removed), "a\nb\nc");
  EXPECT_EQ(printable_lines("10 %\r20 %\n", Colours::removed), "10 %\n20 %\n");
}

/// Whatever bytes come: no ESC, no C1, no control character but tab and newline.
TEST(Utf8Test, NoBytesGetThrough) {
  std::mt19937 random{1};
  const std::string alphabet = "\x1b\x1b[]PX^_;?>0m (Bc\\\a\xC2\x9B\x9C\x9D\x85\r\n\t a";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (int i = 0; i < 12; ++i) bytes += alphabet[random() % alphabet.size()];
    for (const std::string& shown : {printable(bytes), printable_lines(bytes, Colours::removed)}) {
      for (std::size_t i = 0; i < shown.size(); ++i) {
        const auto byte = static_cast<unsigned char>(shown[i]);
        ASSERT_TRUE(byte >= 0x20 || shown[i] == '\t' || shown[i] == '\n') << testing::PrintToString(bytes);
        const bool c1 = byte == 0xC2 && i + 1 < shown.size() && static_cast<unsigned char>(shown[i + 1]) < 0xA0;
        ASSERT_FALSE(c1) << testing::PrintToString(bytes);
      }
    }
  }
}

TEST(Utf8Test, AByteOrderMarkIsNoText) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF"
                                    "a"),
            "a");
  EXPECT_EQ(without_byte_order_mark("a\xEF\xBB\xBF"), "a\xEF\xBB\xBF");
}

TEST(Utf8Test, ValidUtf8KeepsControlsAndReplacesTheRest) {
  EXPECT_THAT(valid_utf8("a\x1b\n\tb"), Eq("a\x1b\n\tb"));
  EXPECT_THAT(valid_utf8(std::string_view{"\0\xff", 2}), Eq(std::string{"\0", 1} + "\uFFFD"));
}

}  // namespace
}  // namespace nmz::text
