#include "nmz/text/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::text {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Not;

TEST(Utf8Test, PrintableNeutralisesWhatCouldDriveATerminal) {
  EXPECT_THAT(printable("plain ÄÖ 漢字 🙂"), Eq("plain ÄÖ 漢字 🙂"));
  EXPECT_THAT(printable("a\x1b[31mb"), Eq("a\uFFFD[31mb"));
  EXPECT_THAT(printable("tab\tnew\nline\x7f"), Eq("tab\uFFFDnew\uFFFDline\uFFFD"));
  EXPECT_THAT(printable("c1 \xC2\x9B control"), Eq("c1 \uFFFD control"));
  EXPECT_THAT(printable("latin1 \xE4 cut \xE6\xBC"), Eq("latin1 \uFFFD cut \uFFFD\uFFFD"));
  EXPECT_THAT(printable("overlong \xC0\xAF surrogate \xED\xA0\x80"), Not(HasSubstr("\xC0")));
}

TEST(Utf8Test, ValidUtf8KeepsControlsAndReplacesTheRest) {
  EXPECT_THAT(valid_utf8("a\x1b\n\tb"), Eq("a\x1b\n\tb"));
  EXPECT_THAT(valid_utf8(std::string_view{"\0\xff", 2}), Eq(std::string{"\0", 1} + "\uFFFD"));
}

}  // namespace
}  // namespace nmz::text
