#include "nmz/sandbox/plan.hpp"

#include <gtest/gtest.h>

namespace nmz::sandbox {
namespace {

Plan full_plan() {
  Plan plan;
  plan.own_user = true;
  plan.user_attributes = true;
  plan.own_network = true;
  plan.gateway = "/usr/bin/pasta";
  plan.checkout = "/place/of/a, b:c\n";
  plan.mask = "/cache/mask";
  plan.work = "/cache/w0/world/work";
  plan.mounts = {{Mount::Kind::overlay, "/tmp", "/cache/w0/world/tmp"},
                 {Mount::Kind::memory, "/dev/shm", ""},
                 {Mount::Kind::again, "/tmp/.X11-unix/X0", "/tmp/.X11-unix/X0"},
                 {Mount::Kind::lent, "/cache/lent", "/place/of/.git"},
                 {Mount::Kind::processes, "/proc", ""}};
  return plan;
}

TEST(PlanTest, ComesOutAsItWentIn) {
  EXPECT_EQ(decode(encode(full_plan())), full_plan());
  EXPECT_EQ(decode(encode(Plan{})), Plan{});
}

TEST(PlanTest, WhatWasCutIsNone) {
  const std::string bytes = encode(full_plan());
  const std::string shortest = encode(Plan{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto plan = decode(bytes.substr(0, size));
    EXPECT_TRUE(!plan || plan->mounts.size() < full_plan().mounts.size()) << size;
  }
  EXPECT_FALSE(decode(shortest + std::string{"x\0/a\0/b\0", 8}));
  EXPECT_FALSE(decode(shortest + std::string{"\0/a\0/b\0", 7}));
}

}  // namespace
}  // namespace nmz::sandbox
