// A moment as the user's clock shows it.
#pragma once

#include <chrono>
#include <string>

namespace nmz::output {

/// `format` as strftime(3) takes it; at most 64 bytes come of it.
[[nodiscard]] std::string local_time(std::chrono::system_clock::time_point when, const char* format);

/// "2026-12-31 23:59", for lists.
[[nodiscard]] inline std::string local_minute(std::chrono::system_clock::time_point when) {
  return local_time(when, "%Y-%m-%d %H:%M");
}

}  // namespace nmz::output
