// What a report says, within bounds: it was written by what is tested, and may say anything.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace nmz::runner {

/// Of seconds; what is no time is 0.
[[nodiscard]] std::chrono::nanoseconds duration(double seconds);
/// The first line that is not empty, at most 300 bytes of it.
[[nodiscard]] std::string first_line(std::string_view text);
/// The last 16 KiB.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace nmz::runner
