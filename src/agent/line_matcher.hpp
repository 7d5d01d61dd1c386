// Whether any line of a test's output matches a regular expression, however much output there is.
//
// POSIX extended expressions from the C library, as `grep -E` takes them: the user knows them, and std::regex would add
// a quarter of a megabyte and overflow the stack on long lines. The agent never calls setlocale(), so bytes are bytes.
//
// A line is kept whole up to 16 MiB. Of a longer one the agent keeps a window of that size, of which the second half is
// looked at again with what follows: `^`, `$` and word boundaries are right in every line of any length, and in one
// beyond 16 MiB only a match that is itself longer than 8 MiB may be missed. Searching glibc takes up every position of
// a line anew, quadratic for "a.*b"; so long lines are matched in one pass against "anything, then the expression".
// That has no use of its own states where the expression counts or refers back: those are searched, in windows of
// 64 KiB, and the bounds are 64 and 32 KiB.
// After the first match nothing is looked at any more.
#pragma once

#include <cstddef>
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
  void look_at_line(bool is_whole);
  [[nodiscard]] bool matches(bool is_whole);

  regex_t expression_{};
  regex_t from_start_{};  ///< "anything, then the expression"
  bool compiled_ = false;
  bool in_one_pass_ = false;     ///< from_start_ is there
  std::size_t looked_past_ = 0;  ///< of line_: bytes that are only there as what stands before the rest
  bool matched_ = false;
  std::string line_;  ///< what has come of the current line
};

}  // namespace nmz::agent
