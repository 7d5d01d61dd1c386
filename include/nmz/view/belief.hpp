// How probable it is of each commit that it is the first bad one, as verdicts of a flaky test come: what a drawing is
// coloured by. The companion of view::Funnel, which knows only what certain tests leave.
//
// Each verdict multiplies the weight of what agrees with it by how often the test is right, and of the rest by how
// often it is wrong. The search knows these rates better, and learns them; the events tell them at the end only. So a
// twentieth stands for both: the order of the commits, which is what a drawing shows, hardly depends on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nmz/events/event.hpp"

namespace nmz::view {

class Belief {
 public:
  void read(const events::HistoryRead& history);
  /// `position`: of the commit in the history. What is neither passed nor failed says nothing.
  void take(std::size_t position, events::Mark mark);
  /// Of all together 1; 0 of what is no candidate.
  [[nodiscard]] double share(std::size_t position) const { return weights_[position]; }
  [[nodiscard]] std::size_t size() const { return weights_.size(); }

 private:
  std::vector<std::vector<std::uint32_t>> parents_;
  std::vector<double> weights_;
};

}  // namespace nmz::view
