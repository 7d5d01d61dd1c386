#include "nmz/hook/lines.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::hook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string one(40, '1');
const std::string two(40, '2');
const std::string nothing(40, '0');
const std::vector<std::string> branches{"refs/heads/*"};

Move moved(std::string ref, std::string from, std::string to, std::string local = {}) {
  Move result;
  result.ref = std::move(ref);
  result.from = std::move(from);
  result.to = std::move(to);
  result.local = std::move(local);
  return result;
}

TEST(HookLinesTest, APushSaysWhatEachRefGets) {
  EXPECT_THAT(read_pre_push("refs/heads/a " + one + " refs/heads/b " + two + "\n"),
              ElementsAre(moved("refs/heads/b", two, one, "refs/heads/a")));
  EXPECT_THAT(read_pre_push("refs/heads/a " + one + " refs/heads/a " + nothing + "\n(delete) " + nothing +
                            " refs/heads/c " + two),
              ElementsAre(moved("refs/heads/a", "", one, "refs/heads/a"), moved("refs/heads/c", two, "", "(delete)")));
}

TEST(HookLinesTest, IdsMayHave64Digits) {
  const std::string from(64, 'a');
  EXPECT_THAT(read_pre_push("HEAD " + from + " refs/heads/a " + std::string(64, '0') + "\n"),
              ElementsAre(moved("refs/heads/a", "", from, "HEAD")));
}

TEST(HookLinesTest, TheLocalSideMayHaveBlanks) {
  EXPECT_THAT(read_pre_push("HEAD@{2 days ago} " + one + " refs/heads/a " + two + "\n"),
              ElementsAre(moved("refs/heads/a", two, one, "HEAD@{2")));
}

TEST(HookLinesTest, WhatIsNoLineIsLeftOut) {
  for (const std::string& input :
       {std::string{}, std::string{"\n\n"}, std::string{"a b c d\n"}, "refs/heads/a " + one + " refs/heads/a\n",
        "refs/heads/a " + one + " refs/heads/a " + two.substr(1) + "\n", "refs/heads/a " + one + "g refs/heads/a x"}) {
    EXPECT_THAT(read_pre_push(input), IsEmpty()) << input;
    EXPECT_THAT(read_post_receive(input), IsEmpty()) << input;
  }
}

TEST(HookLinesTest, AServerIsToldInAnotherOrder) {
  EXPECT_THAT(read_post_receive(one + ' ' + two + " refs/heads/a\n" + nothing + ' ' + two + " refs/tags/t\n"),
              ElementsAre(moved("refs/heads/a", one, two), moved("refs/tags/t", "", two)));
}

TEST(HookLinesTest, GlobsReachBelowASlashAndCanTakeOut) {
  EXPECT_TRUE(is_wanted("refs/heads/a", branches));
  EXPECT_TRUE(is_wanted("refs/heads/a/b", branches));
  EXPECT_FALSE(is_wanted("refs/tags/a", branches));
  EXPECT_FALSE(is_wanted("refs/heads/wip/b", {"refs/heads/*", "!refs/heads/wip/*"}));
  EXPECT_TRUE(is_wanted("refs/heads/wip/b", {"!refs/heads/wip/*", "refs/heads/*"}));
  EXPECT_FALSE(is_wanted("refs/heads/a", {}));
}

TEST(HookLinesTest, DeletionsOtherRefsAndWhatStaysAreNotTested) {
  EXPECT_THAT(choose({moved("refs/heads/a", one, ""), moved("refs/tags/t", "", one), moved("refs/heads/b", one, one)},
                     branches),
              IsEmpty());
}

TEST(HookLinesTest, OneObjectIsTestedOnce) {
  const std::vector<Check> checks = choose(
      {moved("refs/heads/a", one, two), moved("refs/heads/b", "", two), moved("refs/heads/c", one, two)}, branches);
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks.front().object, two);
  EXPECT_THAT(checks.front().refs, ElementsAre("refs/heads/a", "refs/heads/b", "refs/heads/c"));
  EXPECT_THAT(checks.front().before, ElementsAre(one));
}

TEST(HookLinesTest, PeopleSayShortNames) {
  EXPECT_EQ(short_name("refs/heads/a/b"), "a/b");
  EXPECT_EQ(short_name("refs/tags/v1"), "v1");
  EXPECT_EQ(short_name("HEAD"), "HEAD");
}

}  // namespace
}  // namespace nmz::hook
