// How much work a suite still has: what the history expects of each workload, corrected by how this run goes. Where a
// machine is twice as slow today, the rest takes twice as long, too.
#pragma once

#include <algorithm>
#include <chrono>

#include "nmz/events/event.hpp"

namespace nmz::nmzswarm {

class WorkLeft {
 public:
  /// It has to run, or has to run again. `expected`: 0 where nothing is known.
  void add(events::Seconds expected) {
    left_ += expected;
    most_ = std::max(most_, left_);
  }
  /// It has its result after `took`.
  void settle(events::Seconds expected, events::Seconds took) {
    left_ -= expected;
    expected_ += expected;
    took_ += expected.count() > 0 ? took : events::Seconds{0};
  }
  /// Time of one worker. What was expected counts as a twentieth of all that has come true: the first ends tell little.
  [[nodiscard]] events::Seconds work() const {
    if (left_.count() <= 0) return events::Seconds{0};
    constexpr double trusted = 0.05;
    const events::Seconds prior = trusted * most_;
    return left_ * ((took_ + prior) / (expected_ + prior));
  }

 private:
  events::Seconds left_{0};
  events::Seconds most_{0};
  events::Seconds expected_{0};  ///< of what has its result
  events::Seconds took_{0};      ///< the same in truth
};

}  // namespace nmz::nmzswarm
