// A seed has to name the same order wherever it is used, or a failure that depends on the order could not be shown to
// anybody. std::shuffle and the distributions of the standard library differ between implementations; hence our own.
#include "list_order.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace nmz::schedule {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014).
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  /// In [0, bound). The bias of the remainder is bound / 2^64.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(bits() % bound); }

 private:
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

double seconds_of(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::vector<Workload> list_order(std::size_t size, bool shuffle, std::uint64_t seed) {
  std::vector<Workload> list(size);
  std::iota(list.begin(), list.end(), Workload{0});
  if (!shuffle) return list;
  SplitMix random(seed);
  for (std::size_t left = size; left > 1; --left) std::swap(list[left - 1], list[random.below(left)]);
  return list;
}

std::vector<double> fill_in(std::span<const Expectation> expected, double quantile) {
  std::vector<double> known;
  for (const Expectation& one : expected) {
    if (one) known.push_back(seconds_of(*one));
  }
  double unknown = 0;
  if (!known.empty()) {
    const double rank = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(known.size());
    const auto at = known.begin() + std::min(static_cast<std::ptrdiff_t>(rank), std::ssize(known) - 1);
    std::nth_element(known.begin(), at, known.end());
    unknown = *at;
  }
  std::vector<double> seconds;
  seconds.reserve(expected.size());
  for (const Expectation& one : expected) seconds.push_back(one ? seconds_of(*one) : unknown);
  return seconds;
}

void sort_longest_first(std::vector<Workload>& list, std::span<const double> seconds) {
  std::ranges::stable_sort(list, [&](Workload a, Workload b) { return seconds[a] > seconds[b]; });
}

}  // namespace nmz::schedule
