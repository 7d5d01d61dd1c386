// See quoting.hpp.
#include "quoting.hpp"

#include <cstdint>

namespace nmz::git {

namespace {

/// The escape behind a backslash, removed from `text`.
std::optional<char> take_escape(std::string_view& text) {
  static constexpr std::string_view letters = "abfnrtv\\\"";
  static constexpr std::string_view values = "\a\b\f\n\r\t\v\\\"";
  if (text.empty()) {
    return std::nullopt;
  }
  if (const std::size_t at = letters.find(text.front()); at != std::string_view::npos) {
    text.remove_prefix(1);
    return values[at];
  }
  if (text.size() < 3) {
    return std::nullopt;
  }
  unsigned value = 0;
  for (const char digit : text.substr(0, 3)) {
    if (digit < '0' || digit > '7') {
      return std::nullopt;
    }
    value = (value * 8) + static_cast<unsigned>(digit - '0');
  }
  text.remove_prefix(3);
  return value > 0xff ? std::nullopt : std::optional{static_cast<char>(value)};
}

}  // namespace

std::optional<std::string> unquote_c_style(std::string_view& text) {
  std::string_view rest = text;
  if (!rest.starts_with('"')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  std::string result;
  while (!rest.empty()) {
    const char character = rest.front();
    rest.remove_prefix(1);
    if (character == '"') {
      text = rest;
      return result;
    }
    if (character != '\\') {
      result += character;
      continue;
    }
    const std::optional<char> escape = take_escape(rest);
    if (!escape) {
      return std::nullopt;
    }
    result += *escape;
  }
  return std::nullopt;
}

std::string quote_for_shell(std::string_view text) {
  std::string result{"'"};
  for (const char character : text) {
    if (character == '\'' || character == '!') {
      result += "'\\";
      result += character;
      result += '\'';
    } else {
      result += character;
    }
  }
  return result + '\'';
}

std::optional<std::vector<std::string>> words_of_shell(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char here = text[at];
    if (here == '\'') {
      quoted = !quoted;
    } else if (!quoted && (here == ' ' || here == '\t' || here == '\n')) {
      inside = false;
      continue;
    }
    if (!inside) {
      words.emplace_back();
      inside = true;
    }
    if (here == '\'') {
      continue;
    }
    const bool escape = here == '\\' && !quoted && at + 1 < text.size();
    words.back() += escape ? text[++at] : here;
  }
  return quoted ? std::nullopt : std::optional{std::move(words)};
}

}  // namespace nmz::git
