// In which order workloads are handed out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nmz/schedule/batch_plan.hpp"

namespace nmz::schedule {

/// 0, 1, 2, ... or, with `shuffle`, the permutation that belongs to the seed: the same on every machine.
[[nodiscard]] std::vector<Workload> list_order(std::size_t size, bool shuffle, std::uint64_t seed);

/// Seconds for each workload: what is expected, or that quantile of it for the unknown; 0 when all are unknown.
[[nodiscard]] std::vector<double> fill_in(std::span<const Expectation> expected, double quantile);

/// The longest first; what is equally long stays in order.
void sort_longest_first(std::vector<Workload>& list, std::span<const double> seconds);

}  // namespace nmz::schedule
