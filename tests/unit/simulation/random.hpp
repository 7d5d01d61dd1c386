// The only source of chance in a simulated run, so that its seed tells everything about it.
//
// The distributions are our own: those of the standard library may differ between implementations, and a seed that
// fails on one machine has to fail on another.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace nmz::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// SplitMix64 (Steele, Lea, Flood 2014): one word of state, so that a run may have many generators.
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// In [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }
  bool chance(double probability) { return uniform() < probability; }
  /// In [0, bound); `bound` is small against 2^64.
  std::uint64_t below(std::uint64_t bound) { return bits() % bound; }
  std::uint64_t between(std::uint64_t first, std::uint64_t last) { return first + below(last - first + 1); }
  std::chrono::nanoseconds up_to(std::chrono::nanoseconds most) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(uniform() * static_cast<double>(most.count())));
  }

  /// Lognormal with mean 1: exp(sigma N - sigma^2 / 2).
  double lognormal(double sigma) {
    if (sigma == 0) return 1;
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double normal = radius * std::cos(2 * std::numbers::pi * uniform());
    return std::exp(sigma * normal - sigma * sigma / 2);
  }

 private:
  std::uint64_t state_;
};

}  // namespace nmz::simulation
