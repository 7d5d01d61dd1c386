// Whether any line of a test's output matches a regular expression, however much output there is.
//
// POSIX extended expressions from the C library, as `grep -E` takes them: the user knows them, and std::regex would add
// a quarter of a megabyte and overflow the stack on long lines. The agent never calls setlocale(), so bytes are bytes.
// A line longer than the longest kept one is looked at in pieces. After the first match nothing is looked at any more.
#pragma once

#include <string>
#include <string_view>

#include <regex.h>
#include <tl/expected.hpp>

namespace nmz::agent {

class LineMatcher {
 public:
  /// The error is the expression compiler's message.
  [[nodiscard]] static tl::expected<LineMatcher, std::string> compile(const std::string& expression);
  LineMatcher(LineMatcher&& other) noexcept;
  LineMatcher& operator=(LineMatcher&&) = delete;
  ~LineMatcher();

  void feed(std::string_view bytes);
  /// The output is over: looks at a last line that has no newline.
  [[nodiscard]] bool finish();

 private:
  LineMatcher() = default;
  void look_at_line();

  regex_t expression_{};
  bool compiled_ = false;
  bool matched_ = false;
  std::string line_;  ///< what has come of the current line
};

}  // namespace nmz::agent
