#include "tapering.hpp"

#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::schedule {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using Sizes = std::vector<std::size_t>;

Tapering of(std::size_t workers, double dispatch_cost) {
  Tapering tapering;
  tapering.workers = workers;
  tapering.dispatch_cost = dispatch_cost;
  tapering.largest_batch = 1000;
  return tapering;
}

TEST(TaperingTest, WhereHandingOutCostsNothingAllGoAlone) {
  EXPECT_THAT(taper(std::vector<double>(5, 0.01), of(2, 0)), ElementsAre(1U, 1U, 1U, 1U, 1U));
  EXPECT_THAT(taper({}, of(2, 1)), IsEmpty());
}

TEST(TaperingTest, WhatIsLongGoesAlone) {
  EXPECT_THAT(taper(std::vector<double>{90, 80, 70, 60, 50}, of(2, 1)), Each(1U));
}

TEST(TaperingTest, WhatIsVeryShortIsShared) {
  EXPECT_THAT(taper(std::vector<double>(12, 0.001), of(4, 1)), ElementsAre(3U, 3U, 3U, 3U));
}

TEST(TaperingTest, BatchesBecomeSmaller) {
  const Sizes sizes = taper(std::vector<double>(10'000, 1), of(10, 1));
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 10'000U);
  EXPECT_EQ(sizes.front(), 400U) << "four tenths of the thousand that are a worker's share";
  for (std::size_t i = 1; i < sizes.size(); ++i) EXPECT_LE(sizes[i], sizes[i - 1] + 1) << "one more by rounding";
  EXPECT_LE(sizes.back(), 3U);
  EXPECT_LT(sizes.size(), 200U);
}

TEST(TaperingTest, WhatIsUncertainGoesInSmallerBatches) {
  Tapering guessed = of(10, 1);
  guessed.unknown = 1;
  EXPECT_EQ(taper(std::vector<double>(10'000, 1), guessed).front(), 250U);
}

TEST(TaperingTest, NoBatchIsLargerThanAllowed) {
  Tapering tapering = of(1, 10);
  tapering.largest_batch = 4;
  EXPECT_THAT(taper(std::vector<double>(10, 0.1), tapering), ElementsAre(4U, 4U, 2U));
  tapering.largest_batch = 0;
  EXPECT_THAT(taper(std::vector<double>(3, 0.1), tapering), ElementsAre(1U, 1U, 1U));
}

}  // namespace
}  // namespace nmz::schedule
