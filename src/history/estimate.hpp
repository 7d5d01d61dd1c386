// What a workload's durations so far say of its next one.
//
// An exponentially weighted mean and variance, updated one duration x at a time:
//
//   difference = x - mean
//   mean'      = mean + alpha * difference
//   variance'  = (1 - alpha) * (variance + alpha * difference^2)
//
// from T. Finch, "Incremental calculation of weighted mean and variance" (2009), section 9, the weighted form of
// D. H. D. West, "Updating mean and variance estimates: an improved method" (1979). It subtracts no large sums, so the
// variance is never negative. The first duration is the mean, with variance 0. Alpha 0.3 gives the last five durations
// 83 % of the weight: a test that became slower is known as slow after two or three runs.
#pragma once

#include <chrono>

namespace nmz::history {

constexpr double ewma_alpha = 0.3;

struct Estimate {
  double mean = 0;      ///< ns
  double variance = 0;  ///< ns^2

  /// Of the first duration.
  [[nodiscard]] static Estimate of(std::chrono::nanoseconds took);
  /// With one duration more. Negative ones (a clock that was set back) count as 0.
  [[nodiscard]] Estimate with(std::chrono::nanoseconds took) const;
  [[nodiscard]] double deviation() const;
};

/// Rounded, and kept within what nanoseconds can hold, whatever a database contains.
[[nodiscard]] std::chrono::nanoseconds to_nanoseconds(double value);

}  // namespace nmz::history
