#include "estimate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nmz::history {

Estimate Estimate::of(std::chrono::nanoseconds took) {
  Estimate first;
  first.mean = std::max(0.0, static_cast<double>(took.count()));
  return first;
}

Estimate Estimate::with(std::chrono::nanoseconds took) const {
  const double difference = of(took).mean - mean;
  Estimate next;
  next.mean = mean + ewma_alpha * difference;
  next.variance = (1 - ewma_alpha) * (variance + ewma_alpha * difference * difference);
  return next;
}

double Estimate::deviation() const { return std::sqrt(variance); }

std::chrono::nanoseconds to_nanoseconds(double value) {
  constexpr double most = 9.2e18;  // below 2^63
  if (!(value > 0)) return std::chrono::nanoseconds{0};
  return std::chrono::nanoseconds{static_cast<std::int64_t>(std::llround(std::min(value, most)))};
}

}  // namespace nmz::history
