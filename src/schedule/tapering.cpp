// Large batches save dispatches, small ones keep the workers' ends together. With r the work that is left for each
// worker and d the cost of a dispatch, batches of length b cost r·d/b in dispatches and about b/2 in imbalance; the sum
// is least for b = sqrt(2·r·d). Less is not worth cutting off; while much is left, a share of r does no harm and saves
// more (guided self-scheduling, Polychronopoulos and Kuck 1987). Once that b would be more than r, the last round has
// come: a batch for each worker, all as long as each other.
//
// The rule needs only what is not yet handed out, so the whole list is cut in advance, without knowing who comes when.
#include "tapering.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nmz::schedule {
namespace {

/// Of the work left for each worker, how much goes into one batch: less where less is known about it, since what turns
/// out to last long must not hold up what stands behind it. Found with schedule_bench; the figures change little from
/// 0.3 to 0.6 and from 0.15 to 0.3.
constexpr double share_known = 0.4;
constexpr double share_unknown = 0.25;
/// What lasts longer than so many dispatches goes alone: there is nothing to save.
constexpr double alone = 20;
/// Sums must not miss their last workload by the order of additions.
constexpr double rounding = 1 + 1e-9;

class Cutter {
 public:
  Cutter(std::span<const double> seconds, const Tapering& options)
      : seconds_(seconds),
        options_(options),
        workers_(std::max<std::size_t>(options.workers, 1)),
        share_(share_known + (share_unknown - share_known) * options.unknown),
        left_(seconds.size()) {
    // From the end, so that the little at the end is not lost in the rounding of the long beginning.
    std::partial_sum(seconds.rbegin(), seconds.rend(), left_.rbegin());
  }

  /// The size of the batch that begins there; to be asked in order.
  std::size_t next(std::size_t begin) {
    const double left_per_worker = left_[begin] / static_cast<double>(workers_);
    const double worth_a_dispatch = std::sqrt(2 * left_per_worker * options_.dispatch_cost);
    if (last_round_ == 0 && worth_a_dispatch >= left_per_worker) last_round_ = workers_;
    if (last_round_ == 0) return fill(begin, std::max(left_per_worker * share_, worth_a_dispatch), 1);
    const double equal = left_[begin] / static_cast<double>(last_round_);
    last_round_ = std::max<std::size_t>(last_round_ - 1, 1);
    return fill(begin, equal, 0.5);
  }

 private:
  /// As many as are within `length` seconds, the last one with at least that part of it.
  [[nodiscard]] std::size_t fill(std::size_t begin, double length, double part) const {
    const std::size_t most = std::min(options_.largest_batch, seconds_.size() - begin);
    double filled = seconds_[begin];
    std::size_t size = 1;
    if (filled > alone * options_.dispatch_cost) return size;
    for (; size < most && filled + part * seconds_[begin + size] <= length * rounding; ++size) {
      filled += seconds_[begin + size];
    }
    return size;
  }

  std::span<const double> seconds_;
  Tapering options_;
  std::size_t workers_;
  double share_;
  std::vector<double> left_;    ///< from each position to the end
  std::size_t last_round_ = 0;  ///< workers that are still to get their share of it; 0 = it has not begun
};

}  // namespace

std::vector<std::size_t> taper(std::span<const double> seconds, const Tapering& options) {
  std::vector<std::size_t> sizes;
  if (options.dispatch_cost <= 0 || options.largest_batch <= 1) {
    sizes.resize(seconds.size(), 1);
    return sizes;
  }
  Cutter cutter(seconds, options);
  for (std::size_t begin = 0; begin < seconds.size(); begin += sizes.back()) sizes.push_back(cutter.next(begin));
  return sizes;
}

}  // namespace nmz::schedule
