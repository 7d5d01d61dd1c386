#include "nmz/output/local_time.hpp"

#include <ctime>

namespace nmz::output {

std::string local_time(std::chrono::system_clock::time_point when, const char* format) {
  constexpr std::size_t longest = 64;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::string text(longest, '\0');
  text.resize(std::strftime(text.data(), text.size(), format, &local));
  return text;
}

}  // namespace nmz::output
