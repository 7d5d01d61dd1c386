// Points in time as the database has them: nanoseconds since 1970.
#pragma once

#include <chrono>
#include <cstdint>

namespace nmz::history {

using Clock = std::chrono::system_clock;

[[nodiscard]] inline std::int64_t to_number(Clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

[[nodiscard]] inline Clock::time_point to_time(std::int64_t number) {
  return Clock::time_point{std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds{number})};
}

}  // namespace nmz::history
