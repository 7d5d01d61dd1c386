#include "nmz/command_line/quantities.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace nmz::command_line {

Result<std::chrono::milliseconds> parse_time(const std::string& option, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit{end, text.data() + text.size()};
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1e3;
  if (unit == "ms") scale = 1;
  if (unit == "m" || unit == "min") scale = 6e4;
  if (unit == "h") scale = 3.6e6;
  constexpr double longest = 1e12;  // about 30 years
  if (error != std::errc{} || scale == 0 || !(value > 0) || value * scale < 1 || value * scale > longest) {
    return fail(ErrorKind::misconfigured,
                option + " needs a positive time such as 10, 1.5s, 5m or 1h, not '" + text + "'");
  }
  return std::chrono::milliseconds{static_cast<std::int64_t>(value * scale)};
}

Result<std::uint64_t> parse_count(const std::string& option, const std::string& text, std::uint64_t most,
                                  std::uint64_t least) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return fail(ErrorKind::misconfigured, option + " needs a number from " + std::to_string(least) + " to " +
                                              std::to_string(most) + ", not '" + text + "'");
  }
  return value;
}

Result<std::int64_t> parse_cpus(const std::string& option, const std::string& text) {
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  constexpr double smallest = 0.01;
  constexpr double most = 1e5;
  if (error != std::errc{} || end != last || !(value >= smallest) || value > most) {
    return fail(ErrorKind::misconfigured, option + " needs a number of CPUs from 0.01, not '" + text + "'");
  }
  constexpr double nano = 1e9;
  return static_cast<std::int64_t>(value * nano);
}

/// As docker's RAMInBytes: a number with a fraction, perhaps a blank, a unit of powers of 1024, perhaps "i", perhaps
/// "b".
Result<std::int64_t> parse_memory(const std::string& option, const std::string& text) {
  const auto wrong = fail(ErrorKind::misconfigured, option + " needs a size such as 512m or 2g, not '" + text + "'");
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(value)) return wrong;
  std::string unit{end, last};
  if (unit.starts_with(' ')) unit.erase(0, 1);
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view units = "kmgtp";
  const std::size_t power = unit.empty() ? std::string_view::npos : units.find(unit.front());
  if (power != std::string_view::npos) unit.erase(0, 1);
  if (!unit.empty() && unit != "b" && unit != "i" && unit != "ib") return wrong;
  constexpr int bits_a_unit = 10;
  constexpr std::int64_t most = std::int64_t{1} << 60;
  const double bytes =
      std::ldexp(value, power == std::string_view::npos ? 0 : bits_a_unit * (static_cast<int>(power) + 1));
  if (bytes < 1 || bytes > static_cast<double>(most)) return wrong;
  return static_cast<std::int64_t>(bytes);
}

Result<void> take_variable(const std::string& option, const std::string& text, std::vector<std::string>& environment) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0) {
    return fail(ErrorKind::misconfigured, option + " needs NAME=VALUE or NAME, not '" + text + "'");
  }
  if (equals != std::string::npos) {
    environment.push_back(text);
  } else if (const char* const value = std::getenv(text.c_str()); value != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    environment.push_back(text + "=" + value);
  }
  return {};
}

}  // namespace nmz::command_line
