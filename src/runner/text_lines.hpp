// Lines of a text, and words for scripts.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::runner {

/// Takes the first line off.
[[nodiscard]] inline std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// With a backslash before each character that is one of `special`.
[[nodiscard]] inline std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// "^(a|b)$", each name taken literally.
[[nodiscard]] inline std::string any_of_exactly(std::span<const std::string> names) {
  std::string regex = "^(";
  for (const std::string& name : names) {
    if (regex.size() > 2) regex += '|';
    regex += escaped(name, R"(\^$.|?*+()[]{})");
  }
  return regex + ")$";
}

}  // namespace nmz::runner
