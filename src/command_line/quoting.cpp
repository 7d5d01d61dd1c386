#include "nmz/command_line/quoting.hpp"

#include <algorithm>
#include <string_view>

namespace nmz::command_line {
namespace {

std::string octal(char c) {
  constexpr unsigned digit = 8;
  const auto value = static_cast<unsigned char>(c);
  std::string text = "\\000";
  text[1] = static_cast<char>('0' + value / digit / digit);
  text[2] = static_cast<char>('0' + value / digit % digit);
  text[3] = static_cast<char>('0' + value % digit);
  return text;
}

bool is_control(char c) {
  constexpr char del = 0x7f;
  return (c >= 0 && c < ' ') || c == del;
}

/// $'...' of bash, zsh, ksh, busybox and POSIX 2024: on one line, and nothing in it is changed for the terminal's sake.
std::string quoted_with_escapes(const std::string& word) {
  std::string result = "$'";
  for (const char c : word) {
    if (c == '\n') {
      result += "\\n";
    } else if (is_control(c)) {
      result += octal(c);
    } else {
      if (c == '\'' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "'";
}

}  // namespace

std::string quoted(const std::string& word) {
  constexpr const char* plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";  // of every shell
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  if (std::ranges::any_of(word, is_control)) return quoted_with_escapes(word);
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result + "'";
}

std::string shell_line(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += quoted(word);
  }
  return line;
}

}  // namespace nmz::command_line
