// How fast a stored run is shown again: as it happened, faster or slower, or all at once. At a screen somebody may stop
// its clock, and change its speed.
#pragma once

#include <chrono>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/events/event.hpp"
#include "nmz/screen/screen.hpp"

namespace nmz::run {

/// "10", "0.5x"; "max" is 0. Errors (misconfigured).
[[nodiscard]] Result<double> parse_speed(const std::string& option, const std::string& text);

class Pace {
 public:
  /// `speed`: 0 = no waiting.
  explicit Pace(double speed) : speed_{speed} {}

  /// Waits until the run was so old, at `screen`'s keys if there is one (may be null). False: somebody has left it.
  [[nodiscard]] bool wait(events::Seconds until, screen::Screen* screen);
  /// For a screen.
  [[nodiscard]] screen::Controls controls();

 private:
  using Clock = std::chrono::steady_clock;
  double speed_;
  bool paused_ = false;
  events::Seconds at_{0};
  Clock::time_point looked_ = Clock::now();
};

}  // namespace nmz::run
