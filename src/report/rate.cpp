#include "nmz/report/rate.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nmz::report {
namespace {

constexpr double z = 1.959963984540054;  // the normal distribution's 97.5 % quantile

std::string percent(double share) {
  const double value = 100 * share;
  const bool round = value >= 10 || value == std::round(value);
  return round ? fmt::format("{:.0f} %", value) : fmt::format("{:.2g} %", value);
}

}  // namespace

Interval wilson_interval(std::uint64_t failures, std::uint64_t tries) {
  if (tries == 0) return {};
  const auto n = static_cast<double>(tries);
  const double p = static_cast<double>(failures) / n;
  const double centre = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  Interval result;
  // At the ends the terms cancel out but for rounding.
  result.low = failures == 0 ? 0 : std::max(0.0, (centre - half) / scale);
  result.high = failures >= tries ? 1 : std::min(1.0, (centre + half) / scale);
  return result;
}

double rate_bound_without_failure(std::uint64_t tries) { return tries <= 3 ? 1 : 3 / static_cast<double>(tries); }

std::string rate_text(std::uint64_t failures, std::uint64_t tries) {
  std::string counts = fmt::format("{} of {}", failures, tries);
  if (tries == 0) return counts;
  if (failures == 0) {
    const double bound = rate_bound_without_failure(tries);
    return bound < 1 ? fmt::format("{} (below {})", counts, percent(bound)) : counts;
  }
  const Interval interval = wilson_interval(failures, tries);
  return fmt::format("{} ({}, between {} and {})", counts,
                     percent(static_cast<double>(failures) / static_cast<double>(tries)), percent(interval.low),
                     percent(interval.high));
}

}  // namespace nmz::report
