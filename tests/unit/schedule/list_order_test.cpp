#include "list_order.hpp"

#include <chrono>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::schedule {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ListOrderTest, WithoutAShuffleIsThatOfTheList) { EXPECT_THAT(list_order(3, false, 7), ElementsAre(0U, 1U, 2U)); }

/// Golden: a seed that was noted down has to give the same order in every later version, on every machine.
TEST(ListOrderTest, ASeedNamesAnOrder) {
  EXPECT_THAT(list_order(10, true, 0), ElementsAre(6U, 3U, 2U, 9U, 8U, 1U, 4U, 7U, 0U, 5U));
  EXPECT_THAT(list_order(10, true, 1), ElementsAre(4U, 2U, 8U, 1U, 9U, 3U, 0U, 6U, 7U, 5U));
  EXPECT_THAT(list_order(10, true, 20260101), ElementsAre(0U, 9U, 3U, 7U, 1U, 2U, 8U, 4U, 5U, 6U));
  EXPECT_THAT(list_order(0, true, 1), IsEmpty());
  EXPECT_THAT(list_order(1, true, 1), ElementsAre(0U));
}

TEST(ListOrderTest, EveryOrderIsAsLikelyAsAnother) {
  std::vector<int> found(24);
  for (std::uint64_t seed = 0; seed < 24'000; ++seed) {
    const std::vector<Workload> list = list_order(4, true, seed);
    ASSERT_EQ(std::set<Workload>(list.begin(), list.end()).size(), 4U);
    std::size_t rank = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      std::size_t smaller_after = 0;
      for (std::size_t j = i + 1; j < 4; ++j) smaller_after += list[j] < list[i] ? 1U : 0U;
      rank = rank * (4 - i) + smaller_after;
    }
    ++found[rank];
  }
  EXPECT_THAT(found, Each(testing::AllOf(testing::Gt(840), testing::Lt(1160)))) << "five standard deviations";
}

TEST(ListOrderTest, TheUnknownCountAsAQuantileOfTheKnown) {
  const std::vector<Expectation> expected{3s, std::nullopt, 1s, 9s, 2s};
  EXPECT_THAT(fill_in(expected, 0.5), ElementsAre(3, 3, 1, 9, 2));
  EXPECT_THAT(fill_in(expected, 0), ElementsAre(3, 1, 1, 9, 2));
  EXPECT_THAT(fill_in(expected, 1), ElementsAre(3, 9, 1, 9, 2));
  EXPECT_THAT(fill_in(std::vector<Expectation>(2), 0.5), ElementsAre(0, 0));
}

TEST(ListOrderTest, LongestFirstAndOtherwiseAsBefore) {
  std::vector<Workload> list{3, 1, 0, 2, 4};
  sort_longest_first(list, std::vector<double>{1, 2, 2, 1, 5});
  EXPECT_THAT(list, ElementsAre(4U, 1U, 2U, 3U, 0U));
}

}  // namespace
}  // namespace nmz::schedule
