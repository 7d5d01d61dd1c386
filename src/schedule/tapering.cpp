// Large batches save dispatches, small ones keep the workers' ends together. With r the work that is left for each
// worker and d the cost of a dispatch, batches of length b cost about r·d/b in dispatches and b in imbalance; the sum
// is least for b = sqrt(r·d). That is the least worth cutting off; while much is left, a share of r does no harm and
// saves more (guided self-scheduling, Polychronopoulos and Kuck 1987). When less is left than one dispatch costs, every
// worker gets an equal share of it.
//
// The rule needs only what is not yet handed out, so the whole list is cut in advance, without knowing who comes when.
#include "tapering.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nmz::schedule {
namespace {

/// Of the work left for each worker, how much goes into one batch. Expectations are wrong, and what runs at the moment
/// ends at different times.
constexpr double share = 1.0 / 3;
/// What lasts longer than so many dispatches goes alone: there is nothing to save.
constexpr double alone = 20;
/// An equal share must not miss its last workload by the order of additions.
constexpr double rounding = 1 + 1e-9;

double batch_length(double left_per_worker, double dispatch_cost) {
  const double worth_a_dispatch = std::sqrt(left_per_worker * dispatch_cost);
  return std::max(left_per_worker * share, std::min(left_per_worker, worth_a_dispatch)) * rounding;
}

}  // namespace

std::vector<std::size_t> taper(std::span<const double> seconds, const Tapering& options) {
  if (options.dispatch_cost <= 0 || options.largest_batch <= 1) return std::vector<std::size_t>(seconds.size(), 1);
  const auto workers = static_cast<double>(std::max<std::size_t>(options.workers, 1));
  // From the end, so that what is left of a long list is not lost in the rounding of its beginning.
  std::vector<double> left(seconds.size());
  std::partial_sum(seconds.rbegin(), seconds.rend(), left.rbegin());
  std::vector<std::size_t> sizes;
  for (std::size_t begin = 0; begin < seconds.size(); begin += sizes.back()) {
    const double length = batch_length(left[begin] / workers, options.dispatch_cost);
    const std::size_t most = std::min(options.largest_batch, seconds.size() - begin);
    double filled = seconds[begin];
    std::size_t size = 1;
    const bool goes_alone = filled > alone * options.dispatch_cost;
    for (; !goes_alone && size < most && filled + seconds[begin + size] <= length; ++size) {
      filled += seconds[begin + size];
    }
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace nmz::schedule
