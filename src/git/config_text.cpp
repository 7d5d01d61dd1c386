// See config_text.hpp.
#include "config_text.hpp"

#include <algorithm>

namespace nmz::git {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string in_small_letters(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

/// Where the header that begins at `line`'s first bracket ends; a quoted subsection may hold a bracket.
std::size_t end_of_header(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ']' && !quoted) {
      return i + 1;
    }
  }
  return line.size();
}

std::string_view name_at(std::string_view line) {
  const auto belongs = [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const auto end = std::ranges::find_if_not(line, belongs);
  return line.substr(0, static_cast<std::size_t>(end - line.begin()));
}

std::string_view without_blanks(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
}

/// A value goes on in the next line behind a backslash.
bool goes_on(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\\');
  const std::size_t backslashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
  return backslashes % 2 == 1;
}

}  // namespace

std::string without_settings(std::string_view text, const std::set<std::string, std::less<>>& keys) {
  std::string result;
  std::string section;
  bool within = false;   // a value that began in an earlier line
  bool dropped = false;  // what began there, or does now
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string_view setting = without_blanks(line);
    std::string_view header;
    if (!within) {
      if (setting.starts_with('[')) {
        header = setting.substr(0, end_of_header(setting));
        setting = without_blanks(setting.substr(header.size()));
        section = in_small_letters(header.substr(1, std::max<std::size_t>(header.size(), 2) - 2));
      }
      const std::string_view name = name_at(setting);
      dropped = !name.empty() && keys.contains(section + '.' + in_small_letters(name));
    }
    const bool comment = !within && (setting.starts_with('#') || setting.starts_with(';'));
    within = !comment && goes_on(line);
    if (!dropped) {
      result.append(line) += '\n';
    } else if (!header.empty()) {
      result.append(header) += '\n';
    }
  }
  return result;
}

std::string config_value(std::string_view value) {
  std::string result{"\""};
  for (const char character : value) {
    if (character == '\n') {
      result += "\\n";
      continue;
    }
    if (character == '"' || character == '\\') {
      result += '\\';
    }
    result += character;
  }
  return result + '"';
}

}  // namespace nmz::git
