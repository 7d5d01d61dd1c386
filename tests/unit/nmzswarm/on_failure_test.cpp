#include "on_failure.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

history::Past past(const std::string& test, const std::vector<std::pair<std::string, bool>>& executions) {
  history::Past past;
  past.workload = test;
  for (const auto& [commit, passed] : executions) {
    history::Execution& one = past.executions.emplace_back();
    one.commit = commit;
    one.passed = passed;
  }
  return past;
}

TEST(RedTestsTest, EachIsSearchedForFromWhereItPassedLast) {
  const RedTests red = red_tests(
      {"a", "b", "c", "d"},
      {past("a", {{"1", true}, {"2", true}, {"3", false}}), past("b", {{"1", true}, {"2", false}, {"3", false}}),
       past("c", {{"1", true}, {"3", false}}), past("other", {{"2", true}})},
      "3");
  ASSERT_EQ(red.groups.size(), 2U);
  EXPECT_EQ(red.groups[0].good, "1");
  EXPECT_THAT(red.groups[0].tests, ElementsAre("b", "c"));
  EXPECT_EQ(red.groups[1].good, "2");
  EXPECT_THAT(red.groups[1].tests, ElementsAre("a"));
  EXPECT_THAT(red.unknown, ElementsAre("d"));
  EXPECT_THAT(red.flaky, IsEmpty());
}

TEST(RedTestsTest, WhatPassedAtThisCommitIsNotTheCommitsFault) {
  const RedTests red = red_tests({"a"}, {past("a", {{"1", true}, {"3", true}, {"3", false}})}, "3");
  EXPECT_THAT(red.flaky, ElementsAre("a"));
  EXPECT_THAT(red.groups, IsEmpty());
}

TEST(RedTestsTest, APassAtNobodyKnowsWhatIsNoEnd) {
  const RedTests red = red_tests({"a", "b"}, {past("a", {{"1", true}, {"", true}}), past("b", {{"", true}})}, "");
  ASSERT_EQ(red.groups.size(), 1U);
  EXPECT_EQ(red.groups[0].good, "1");
  EXPECT_THAT(red.unknown, ElementsAre("b"));
}

}  // namespace
}  // namespace nmz::nmzswarm
