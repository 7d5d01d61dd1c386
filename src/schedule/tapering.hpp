// Where a list is cut into batches.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace nmz::schedule {

struct Tapering {
  Tapering() = default;
  std::size_t workers = 1;
  double dispatch_cost = 0;  ///< seconds
  double unknown = 0;        ///< the share of workloads whose duration is a guess
  std::size_t largest_batch = 1;
};

/// The sizes of the batches, in order; `seconds` are the expected durations in the order of handing out.
[[nodiscard]] std::vector<std::size_t> taper(std::span<const double> seconds, const Tapering& options);

}  // namespace nmz::schedule
