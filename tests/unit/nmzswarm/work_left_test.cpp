#include "work_left.hpp"

#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using events::Seconds;

TEST(WorkLeftTest, WithoutAnythingElseTheHistoryCounts) {
  WorkLeft left;
  EXPECT_EQ(left.work().count(), 0);
  for (int i = 0; i < 10; ++i) left.add(Seconds{2});
  EXPECT_DOUBLE_EQ(left.work().count(), 20);
  left.settle(Seconds{2}, Seconds{2});
  EXPECT_DOUBLE_EQ(left.work().count(), 18);
}

TEST(WorkLeftTest, WhereAllTakesThreeTimesAsLongTheRestDoesToo) {
  WorkLeft left;
  for (int i = 0; i < 100; ++i) left.add(Seconds{1});
  left.settle(Seconds{1}, Seconds{3});
  EXPECT_LT(left.work().count(), 99 * 1.5) << "one end tells little";
  for (int i = 0; i < 49; ++i) left.settle(Seconds{1}, Seconds{3});
  EXPECT_NEAR(left.work().count(), 50 * 3, 50 * 0.3);
  for (int i = 0; i < 50; ++i) left.settle(Seconds{1}, Seconds{3});
  EXPECT_EQ(left.work().count(), 0);
}

TEST(WorkLeftTest, WhatRunsAgainIsThereAgainAndWhatNobodyKnowsIsNoMeasure) {
  WorkLeft left;
  left.add(Seconds{5});
  left.add(Seconds{0});
  left.settle(Seconds{0}, Seconds{100});
  EXPECT_DOUBLE_EQ(left.work().count(), 5);
  left.settle(Seconds{5}, Seconds{5});
  left.add(Seconds{5});
  EXPECT_DOUBLE_EQ(left.work().count(), 5);
}

}  // namespace
}  // namespace nmz::nmzswarm
