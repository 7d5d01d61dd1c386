#include "nmz/report/grouping.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::report {
namespace {

using testing::ElementsAre;

using Logs = std::vector<std::string>;

TEST(GroupingTest, WhatVariesBetweenEqualRunsIsReplaced) {
  struct Case {
    const char* left;
    const char* right;
  };
  const Case equal[] = {
      {"took 12 ms", "took 3 s"},
      {"took 12ms", "took 3.25s"},
      {"2024-05-06T07:08:09.123Z start", "2025-11-16T17:18:19Z start"},
      {"2024-05-06 07:08:09,123 start", "2025-11-16 17:18:19,4 start"},
      {"[00:00:01] start", "[12:34:56.789] start"},
      {"Nov  4 03:04:05 host x[12]: y", "Nov 14 13:14:15 host x[12345]: y"},
      {"segfault at 0x7ffdeadbeef0", "segfault at 0x10"},
      {"object 00007f3b5c000b20 freed", "object 00007ffd12345678 freed"},
      {"commit deadbeef0123", "commit 0123456789abcdef"},
      {"id 3f2b8c1e-1a2b-4c3d-9e8f-0123456789ab.", "id 00000000-aaaa-bbbb-cccc-dddddddddddd."},
      {"connected to 10.0.0.1:8080", "connected to 192.168.1.20:9"},
      {"worker12 done", "worker3 done"},
      {"a   b\t c\r", "a b c"},
  };
  for (const Case& pair : equal) EXPECT_EQ(normalised(pair.left), normalised(pair.right));
}

TEST(GroupingTest, WordsStayApart) {
  EXPECT_EQ(normalised("added facade"), "added facade");  // hex letters only
  EXPECT_EQ(normalised("FAIL: expected 3, got 4"), "FAIL: expected #, got #");
  EXPECT_EQ(normalised("3 sheep in 5 seconds"), "# sheep in # seconds");
  EXPECT_EQ(normalised(""), "");
  EXPECT_NE(normalised("timeout after 5 s"), normalised("refused after 5 s"));
}

TEST(GroupingTest, LogsWithTheSameFirstDifferenceAreOneGroup) {
  const std::string passing = "start 1\nconnect 0x1f\nwork 10 ms\ndone\n";
  const Logs logs{
      "start 2\nconnect 0x2f\nconnection refused\nexit\n",
      "start 3\nconnect 0x3f\nwork 99 ms\nwrong sum: 7\n",
      "start 4\nconnect 0x4f\nconnection refused\nother end\n",
      "start 5\nconnection refused\n",
  };
  const auto groups = group_by_first_difference(logs, passing);
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].line, "connection refused");
  EXPECT_THAT(groups[0].logs, ElementsAre(0, 2, 3));
  EXPECT_EQ(groups[1].line, "wrong sum: 7");
  EXPECT_THAT(groups[1].logs, ElementsAre(1));
  EXPECT_FALSE(groups[0].stops);
}

TEST(GroupingTest, LinesInAnotherOrderAreNoDifference) {
  const Logs logs{"b\na\nFAIL\nc\n", "a\nb\nc\nFAIL\n"};
  const auto groups = group_by_first_difference(logs, "a\nb\nc\n");
  ASSERT_EQ(groups.size(), 1);
  EXPECT_EQ(groups[0].line, "FAIL");
}

TEST(GroupingTest, LogsThatJustStopAreGroupedByWhereTheyStop) {
  const Logs logs{"a 1\nb 1\n", "a 2\nb 2", "a 3\n", "", "a 1\nb 1\nc\n"};
  const auto groups = group_by_first_difference(logs, "a 7\nb 7\nc\n");
  ASSERT_EQ(groups.size(), 4);
  for (const FailureGroup& group : groups) EXPECT_TRUE(group.stops);
  EXPECT_EQ(groups[0].line, "b 1");
  EXPECT_THAT(groups[0].logs, ElementsAre(0, 1));
  EXPECT_EQ(groups[1].line, "a 3");
  EXPECT_EQ(groups[2].line, "");
  EXPECT_EQ(groups[3].line, "c");
}

TEST(GroupingTest, WithoutAPassingLogWhatAllHaveSaysNothing) {
  const Logs logs{"setup 1\nok\nFAIL: sum\n", "setup 2\nok\nFAIL: product\n", "setup 3\nok\nFAIL: sum\nmore\n"};
  const auto groups = group_by_first_difference(logs);
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].line, "FAIL: sum");
  EXPECT_THAT(groups[0].logs, ElementsAre(0, 2));
  EXPECT_EQ(groups[1].line, "FAIL: product");
}

TEST(GroupingTest, EqualLogsAreOneGroupThatStopsAtTheEnd) {
  const Logs logs{"a\nFAIL 1\n\n", "a\nFAIL 2\n\n"};
  const auto groups = group_by_first_difference(logs);
  ASSERT_EQ(groups.size(), 1);
  EXPECT_TRUE(groups[0].stops);
  EXPECT_EQ(groups[0].line, "FAIL 1");
  EXPECT_TRUE(group_by_first_difference({}).empty());
}

TEST(GroupingTest, EveryLogIsInOneGroup) {
  Logs logs;
  for (int i = 0; i < 500; ++i) {
    logs.push_back("start\n" + std::string(static_cast<std::size_t>(i % 7), 'x') + "\nend " + std::to_string(i));
  }
  std::vector<std::size_t> seen;
  for (const auto& group : group_by_first_difference(logs))
    seen.insert(seen.end(), group.logs.begin(), group.logs.end());
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), logs.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
}

}  // namespace
}  // namespace nmz::report
