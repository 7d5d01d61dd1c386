#include "pace.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>

namespace nmz::run {

Result<double> parse_speed(const std::string& option, const std::string& text) {
  if (text == "max") return 0;
  const std::string_view number = std::string_view{text}.substr(0, text.size() - (text.ends_with('x') ? 1 : 0));
  double speed = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), speed);
  constexpr double fastest = 1e6;
  constexpr double slowest = 1e-3;
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  if (whole && speed >= slowest && speed <= fastest) return speed;
  return fail(ErrorKind::misconfigured, option + " needs max or a number from 0.001 such as 10, not '" + text + "'");
}

bool Pace::wait(events::Seconds until, screen::Screen* screen) {
  constexpr std::chrono::milliseconds glance{100};
  for (;;) {
    const auto now = Clock::now();
    const events::Seconds passed = now - looked_;
    looked_ = now;
    if (!paused_) at_ += passed * speed_;
    if (!paused_ && (speed_ <= 0 || at_ >= until)) {
      if (speed_ <= 0) at_ = until;
      return screen == nullptr || screen->attend(std::chrono::milliseconds{0});
    }
    auto wait = glance;
    if (!paused_) {
      const double left = std::ceil((until - at_).count() * 1000 / speed_);
      wait = std::chrono::milliseconds{static_cast<long>(std::clamp(left, 1.0, static_cast<double>(glance.count())))};
    }
    if (screen == nullptr) {
      std::this_thread::sleep_for(wait);
    } else if (!screen->attend(wait)) {
      return false;
    }
  }
}

screen::Controls Pace::controls() {
  screen::Controls controls;
  controls.pause = [this](bool on) { paused_ = on; };
  controls.change_workers = [this](int by) {
    constexpr double fastest = 1e6;
    constexpr double slowest = 1e-3;
    if (speed_ > 0) speed_ = std::clamp(by > 0 ? speed_ * 2 : speed_ / 2, slowest, fastest);
  };
  return controls;
}

}  // namespace nmz::run
