#include "estimate.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace nmz::history {
namespace {

using std::chrono::nanoseconds;

TEST(EstimateTest, TheFirstDurationIsTheMean) {
  const Estimate first = Estimate::of(nanoseconds{500});
  EXPECT_DOUBLE_EQ(first.mean, 500);
  EXPECT_DOUBLE_EQ(first.deviation(), 0);
}

TEST(EstimateTest, TheSecondDurationHasThreeTenthsOfTheWeight) {
  const Estimate second = Estimate::of(nanoseconds{100}).with(nanoseconds{200});
  EXPECT_DOUBLE_EQ(second.mean, 130);
  EXPECT_DOUBLE_EQ(second.variance, 0.7 * 30 * 30 + 0.3 * 70 * 70);  // weights 0.7 and 0.3 around 130
}

// The definition: every duration with its weight.
TEST(EstimateTest, AgreesWithTheWeightedMeanAndVarianceOfAllDurations) {
  std::mt19937_64 random{20240607};
  std::uniform_int_distribution<std::int64_t> durations{0, 1'000'000};
  std::vector<double> seen;
  Estimate estimate;
  for (int i = 0; i < 50; ++i) {
    const nanoseconds took{durations(random)};
    estimate = seen.empty() ? Estimate::of(took) : estimate.with(took);
    seen.push_back(static_cast<double>(took.count()));

    const auto weight = [&](std::size_t k) {
      const auto age = static_cast<double>(seen.size() - 1 - k);
      return (k == 0 ? 1.0 : ewma_alpha) * std::pow(1 - ewma_alpha, age);
    };
    double mean = 0;
    for (std::size_t k = 0; k < seen.size(); ++k) mean += weight(k) * seen[k];
    double variance = 0;
    for (std::size_t k = 0; k < seen.size(); ++k) variance += weight(k) * (seen[k] - mean) * (seen[k] - mean);
    ASSERT_NEAR(estimate.mean, mean, 1e-6 * mean);
    ASSERT_NEAR(estimate.variance, variance, 1e-6 * variance + 1e-9);
  }
}

TEST(EstimateTest, ASlowerTestIsKnownAsSlowAfterThreeRuns) {
  Estimate estimate = Estimate::of(nanoseconds{1000});
  for (int i = 0; i < 20; ++i) estimate = estimate.with(nanoseconds{1000});
  for (int i = 0; i < 3; ++i) estimate = estimate.with(nanoseconds{9000});
  EXPECT_GT(estimate.mean, 6000);
}

TEST(EstimateTest, ExtremeDurationsStayWithinNanoseconds) {
  Estimate estimate = Estimate::of(nanoseconds::max());
  EXPECT_GT(to_nanoseconds(estimate.mean), nanoseconds::max() / 2);
  estimate = estimate.with(nanoseconds{-5});
  EXPECT_GE(to_nanoseconds(estimate.mean).count(), 0);
  EXPECT_GT(to_nanoseconds(estimate.deviation()).count(), 0);
  EXPECT_EQ(to_nanoseconds(std::numeric_limits<double>::quiet_NaN()).count(), 0);
  EXPECT_GT(to_nanoseconds(std::numeric_limits<double>::infinity()).count(), 0);
  EXPECT_EQ(Estimate::of(nanoseconds{-1}).mean, 0);
}

}  // namespace
}  // namespace nmz::history
