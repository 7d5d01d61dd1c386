#include "limits.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace nmz::runner {

std::chrono::nanoseconds duration(double seconds) {
  constexpr double longest = 1e8;
  if (!(seconds > 0)) return std::chrono::nanoseconds{0};
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>{std::min(seconds, longest)});
}

std::string first_line(std::string_view text) {
  constexpr std::size_t longest = 300;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  text = text.substr(0, std::min(text.find_first_of("\r\n"), longest));
  return std::string{text};
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = std::size_t{16} << 10;
  if (text.size() > longest) text.remove_prefix(text.size() - longest);
  return std::string{text};
}

}  // namespace nmz::runner
