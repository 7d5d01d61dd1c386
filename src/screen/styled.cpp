#include "nmz/screen/styled.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <utility>

#include "nmz/text/utf8.hpp"

namespace nmz::screen {
namespace {

/// The C library's own, whatever the user's locale is; none where it is not there.
locale_t utf8_locale() {
  static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return made;
}

char32_t code_point(std::string_view character) {
  constexpr unsigned tail_bits = 6;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() == 1) return byte(0);
  char32_t code = byte(0) & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) code = (code << tail_bits) | (byte(i) & 0x3FU);
  return code;
}

std::size_t width_of(std::string_view character) {
  if (character.size() == 1) return 1;
  const locale_t before = ::uselocale(utf8_locale());
  const int width = ::wcwidth(static_cast<wchar_t>(code_point(character)));
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

std::string_view take_character(std::string_view& rest) {
  const std::size_t length = std::max<std::size_t>(text::utf8_sequence(rest), 1);
  const std::string_view character = rest.substr(0, length);
  rest.remove_prefix(length);
  return character;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) columns += width_of(take_character(text));
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view before = rest;
    used += width_of(take_character(rest));
    if (used > columns) return std::string{text.substr(0, text.size() - before.size())};
  }
  return std::string{text};
}

std::string cut_front(std::string_view text, std::size_t columns) {
  constexpr std::string_view dots = "...";
  std::size_t left = columns_of(text);
  if (left <= columns) return std::string{text};
  if (columns <= dots.size()) return cut(text, columns);
  std::string_view rest = text;
  while (left > columns - dots.size()) left -= width_of(take_character(rest));
  for (text = rest; !rest.empty() && width_of(take_character(rest)) == 0; text = rest) {
  }  // it was of what is gone
  return std::string{dots}.append(text);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  do {
    lines.push_back(cut(text, columns));
    text.remove_prefix(lines.back().empty() ? text.size() : lines.back().size());
  } while (!text.empty());
  return lines;
}

std::vector<std::string> wrapped_words(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (columns_of(text) > columns) {
    std::string line = cut(text, columns);
    if (line.empty()) break;
    const std::size_t space = line.size() < text.size() && text[line.size()] == ' ' ? line.size() : line.rfind(' ');
    const bool at_space = space != std::string::npos && space >= line.size() / 2;
    if (at_space) line.resize(space);
    text.remove_prefix(line.size() + (at_space ? 1 : 0));
    lines.push_back(std::move(line));
  }
  lines.emplace_back(text);
  return lines;
}

std::string fitted(std::string_view text, std::size_t columns) {
  std::string result = cut(text, columns);
  result.append(columns - columns_of(result), ' ');
  return result;
}

std::string shown(std::string_view foreign) {
  std::string text = text::printable(foreign);
  std::ranges::replace(text, '\t', ' ');
  return text;
}

Line& Line::add(std::string text, Style style) {
  if (!text.empty()) spans_.push_back({std::move(text), style});
  return *this;
}

Line& Line::fit(std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const std::size_t width = columns_of(spans_[i].text);
    if (used + width > columns) {
      spans_[i].text = fitted(spans_[i].text, columns - used);
      spans_.resize(i + 1);
      return *this;
    }
    used += width;
  }
  return add(std::string(columns - used, ' '));
}

Line& Line::reverse() {
  for (Span& span : spans_) span.style.reversed = true;
  return *this;
}

Line& Line::add_at_right(const std::string& text, std::size_t columns, Style style) {
  const std::size_t used = this->columns();
  const std::size_t wanted = columns_of(text);
  if (used + wanted + 1 > columns) return *this;
  return add(std::string(columns - used - wanted, ' ')).add(text, style);
}

std::size_t Line::columns() const {
  std::size_t columns = 0;
  for (const Span& span : spans_) columns += columns_of(span.text);
  return columns;
}

std::string Line::text() const {
  std::string text;
  for (const Span& span : spans_) text += span.text;
  return text;
}

}  // namespace nmz::screen
