#include "nmz/output/workflow_commands.hpp"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::output {
namespace {

TEST(WorkflowCommandsTest, WhatTheRunnerObeysIsSeen) {
  for (const char* text : {"::error::x", "  \t::error::x", "a\n::add-mask::x\nb", "a\r::group::x", "name ##[error]x",
                           "\xC2\xA0 ##[group]"}) {
    EXPECT_TRUE(may_hold_commands(text)) << text;
  }
  for (const char* text : {"", "a::b", "std::vector", "# [x]", "a: :b\nc"})
    EXPECT_FALSE(may_hold_commands(text)) << text;
}

TEST(WorkflowCommandsTest, CommandsAreStoppedAroundIt) {
  EXPECT_EQ(with_commands_stopped("::error::x\n", "T"), "::stop-commands::T\n::error::x\n::T::\n");
  EXPECT_EQ(with_commands_stopped("::error::x", "T"), "::stop-commands::T\n::error::x\n::T::\n");
}

TEST(WorkflowCommandsTest, JsonSaysTheSameWithoutThem) {
  EXPECT_EQ(json_without_commands(R"({"a##[b":"###[error]x ##["})"), R"({"a#\u0023[b":"##\u0023[error]x #\u0023["})");
  EXPECT_EQ(json_without_commands(R"({"a":"# ## #["})"), R"({"a":"# ## #["})");
}

TEST(WorkflowCommandsTest, OnlyInGitHubActionsAndOnlyWhereNeeded) {
  ::unsetenv("GITHUB_ACTIONS");
  EXPECT_EQ(without_commands("::error::x\n"), "::error::x\n");
  ::setenv("GITHUB_ACTIONS", "true", 1);
  EXPECT_EQ(without_commands("plain\n"), "plain\n");
  const std::string first = without_commands("::error::x\n");
  EXPECT_THAT(first, testing::MatchesRegex("::stop-commands::[0-9a-f]{32}\n::error::x\n::[0-9a-f]{32}::\n"));
  EXPECT_NE(first, without_commands("::error::x\n")) << "each time another token";
  ::unsetenv("GITHUB_ACTIONS");
}

}  // namespace
}  // namespace nmz::output
