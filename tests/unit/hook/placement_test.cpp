#include "placement.hpp"

#include <gtest/gtest.h>

namespace nmz::hook {
namespace {

TEST(HookPlacementTest, GitsVersionSaysWhetherHooksAreConfigured) {
  EXPECT_TRUE(runs_configured_hooks("git version 2.54.0"));
  EXPECT_TRUE(runs_configured_hooks("git version 2.54.0.rc1"));
  EXPECT_TRUE(runs_configured_hooks("git version 2.100.1 (Apple Git-1)"));
  EXPECT_TRUE(runs_configured_hooks("git version 3.0.0"));
  EXPECT_FALSE(runs_configured_hooks("git version 2.53.9"));
  EXPECT_FALSE(runs_configured_hooks("git version 2.5.4"));
  EXPECT_FALSE(runs_configured_hooks(""));
}

TEST(HookPlacementTest, AShellGetsAWordAsItIs) {
  EXPECT_EQ(quoted("/a b/c"), "'/a b/c'");
  EXPECT_EQ(quoted("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace nmz::hook
