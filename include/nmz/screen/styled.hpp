// Text for a screen of cells: how many columns characters take, and what they look like. Nothing here knows a terminal.
//
// Columns are counted as the C library's wcwidth(3) does for UTF-8: two for the wide characters of East Asia, none for
// what combines with the one before. What is foreign has gone through nmz/text/utf8.hpp before it is styled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::screen {

/// What a colour stands for; a terminal without colours shows the same words and signs.
enum class Tone : std::uint8_t { plain, good, bad, warning, active, faint };

struct Style {
  Tone tone = Tone::plain;
  bool bold = false;
  bool reversed = false;
  friend bool operator==(const Style&, const Style&) = default;
};

[[nodiscard]] std::size_t columns_of(std::string_view text);
/// Whole characters, at most so many columns of them.
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);
/// The end of a text that is longer, behind "...": of a command its range and its test.
[[nodiscard]] std::string cut_front(std::string_view text, std::size_t columns);
/// As many lines as it takes, the last one shorter; words are not looked at.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);
/// The same at spaces, where a line has one in its second half.
[[nodiscard]] std::vector<std::string> wrapped_words(std::string_view text, std::size_t columns);
/// Exactly so many columns: cut, or with spaces behind.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns);
/// A foreign text as one line; a tab is a space.
[[nodiscard]] std::string shown(std::string_view foreign);

struct Span {
  std::string text;
  Style style;
};

class Line {
 public:
  Line() = default;
  explicit Line(std::string text, Style style = {}) { add(std::move(text), style); }

  Line& add(std::string text, Style style = {});
  /// Of `columns`: what is too long is cut.
  Line& fit(std::size_t columns);
  /// The whole of it looks so.
  Line& reverse();
  /// `text` ends at the last of `columns`, where there is room for it.
  Line& add_at_right(const std::string& text, std::size_t columns, Style style = {});

  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }

 private:
  std::vector<Span> spans_;
};

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
  friend bool operator==(const Size&, const Size&) = default;
};

}  // namespace nmz::screen
