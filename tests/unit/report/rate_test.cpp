#include "nmz/report/rate.hpp"

#include <gtest/gtest.h>

namespace nmz::report {
namespace {

struct Known {
  std::uint64_t failures;
  std::uint64_t tries;
  double low;
  double high;
};

// 81/263, 15/148, 0/20, 1/29: R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998),
// table I, method 3; the others from the closed forms for 0 and n failures, z^2 / (n + z^2).
TEST(RateTest, TheIntervalIsWilsons) {
  const Known table[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611},
                         {1, 29, 0.0061, 0.1718},   {0, 10, 0.0000, 0.2775},   {10, 10, 0.7225, 1.0000},
                         {5, 10, 0.2366, 0.7634},   {1, 1, 0.2065, 1.0000}};
  for (const Known& known : table) {
    SCOPED_TRACE(testing::Message() << known.failures << " of " << known.tries);
    const Interval interval = wilson_interval(known.failures, known.tries);
    EXPECT_NEAR(interval.low, known.low, 0.00005);
    EXPECT_NEAR(interval.high, known.high, 0.00005);
  }
}

TEST(RateTest, WithoutATryAnythingIsPossible) {
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
  EXPECT_EQ(rate_bound_without_failure(0), 1);
}

TEST(RateTest, TheIntervalContainsTheShareAndStaysWithinZeroAndOne) {
  for (std::uint64_t n = 1; n <= 200; ++n) {
    for (std::uint64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson_interval(k, n);
      const double share = static_cast<double>(k) / static_cast<double>(n);
      ASSERT_LE(0, interval.low);
      ASSERT_LE(interval.low, share);
      ASSERT_LE(share, interval.high);
      ASSERT_LE(interval.high, 1);
    }
  }
}

TEST(RateTest, WithoutFailureTheRateIsBelowThreeInN) {
  EXPECT_DOUBLE_EQ(rate_bound_without_failure(300), 0.01);
  EXPECT_DOUBLE_EQ(rate_bound_without_failure(2), 1);
}

TEST(RateTest, Texts) {
  EXPECT_EQ(rate_text(0, 300), "0 of 300 (below 1 %)");
  EXPECT_EQ(rate_text(0, 1000), "0 of 1000 (below 0.3 %)");
  EXPECT_EQ(rate_text(0, 2), "0 of 2");
  EXPECT_EQ(rate_text(0, 0), "0 of 0");
  EXPECT_EQ(rate_text(3, 20), "3 of 20 (15 %, between 5.2 % and 36 %)");
  EXPECT_EQ(rate_text(10, 10), "10 of 10 (100 %, between 72 % and 100 %)");
}

}  // namespace
}  // namespace nmz::report
