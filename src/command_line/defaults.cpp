#include "defaults.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <sstream>

namespace nmz::command_line {

std::string folded(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    if (letter != '-') text += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return text;
}

std::vector<std::string> long_names(const std::string& names) {
  std::vector<std::string> found;
  std::istringstream list{names};
  for (std::string name; std::getline(list, name, ',');) {
    if (name.starts_with("--")) found.push_back(name);
  }
  return found;
}

std::string opposite(const std::string& name) {
  constexpr std::string_view no = "--no-";
  return name.starts_with(no) ? "--" + name.substr(no.size()) : std::string{no} + name.substr(2);
}

std::optional<bool> boolean(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  constexpr std::array<std::string_view, 4> on{"true", "yes", "on", "1"};
  constexpr std::array<std::string_view, 5> off{"false", "no", "off", "0", ""};
  if (std::ranges::find(on, text) != on.end()) return true;
  if (std::ranges::find(off, text) != off.end()) return false;
  return std::nullopt;
}

std::vector<Default> in_force(const std::vector<Default>& given) {
  auto from = std::ranges::find_if(given.rbegin(), given.rend(), [](const Default& one) { return one.value.empty(); });
  return {from.base(), given.end()};
}

std::string as_meant(const Option& row, const std::string& value) {
  if (row.value_name == "PATHSPEC" && !value.starts_with(':')) return ":(top)" + value;
  const bool path = row.value_name == "FILE" || row.value_name == "DIR" || row.value_name == "PATH";
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  return path && home != nullptr && value.starts_with("~/") ? home + value.substr(1) : value;
}

Error located(const Default& one, const std::string& wrong) {
  const std::string where = one.origin.empty() ? std::string{} : "from " + one.origin;
  const bool named = wrong.starts_with(one.name);
  return {ErrorKind::misconfigured,
          wrong + " (" + (named ? where : one.name + (where.empty() ? "" : ", " + where)) + ')'};
}

}  // namespace nmz::command_line
