// See line_matcher.hpp. REG_STARTEND, an extension of the BSDs and glibc, lets regexec() look past NUL bytes. Each line
// is copied nevertheless: the sanitizers' regexec() wants a terminated string whatever the flags say, and beside the
// matching the copy costs nothing.
#include "line_matcher.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nmz::agent {
namespace {

constexpr std::size_t searched = std::size_t{64} << 10;  ///< shorter ones are searched: nothing is gained
constexpr std::size_t passed_over = std::size_t{16} << 20;

}  // namespace

tl::expected<LineMatcher, std::string> LineMatcher::compile(const std::string& expression) {
  LineMatcher matcher;
  const int error = ::regcomp(&matcher.expression_, expression.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    std::array<char, 256> text{};
    ::regerror(error, &matcher.expression_, text.data(), text.size());
    return tl::unexpected<std::string>{text.data()};
  }
  matcher.compiled_ = true;
  // Counting makes states without number, and a group in front would change what \\1 refers to.
  matcher.in_one_pass_ =
      expression.find_first_of("{\\") == std::string::npos &&
      ::regcomp(&matcher.from_start_, ("[^\n]*(" + expression + ')').c_str(), REG_EXTENDED | REG_NOSUB) == 0;
  return matcher;
}

// A compiled expression is a handful of pointers into the heap; glibc keeps none that point back into it.
LineMatcher::LineMatcher(LineMatcher&& other) noexcept
    : expression_{other.expression_},
      from_start_{other.from_start_},
      compiled_{std::exchange(other.compiled_, false)},
      in_one_pass_{std::exchange(other.in_one_pass_, false)},
      looked_past_{other.looked_past_},
      matched_{other.matched_},
      line_{std::move(other.line_)} {}

LineMatcher::~LineMatcher() {
  if (compiled_) {
    ::regfree(&expression_);
  }
  if (in_one_pass_) {
    ::regfree(&from_start_);
  }
}

/// What stands before looked_past_ is only looked at for `^` and word boundaries.
bool LineMatcher::matches(bool is_whole) {
  if (in_one_pass_ && line_.size() > searched) {
    from_start_.not_bol = 0;
    from_start_.not_eol = is_whole ? 0 : 1;
    return ::re_match(&from_start_, line_.data(), static_cast<int>(line_.size()), static_cast<int>(looked_past_),
                      nullptr) >= 0;
  }
  regmatch_t range{static_cast<regoff_t>(looked_past_), static_cast<regoff_t>(line_.size())};
  return ::regexec(&expression_, line_.c_str(), 1, &range, REG_STARTEND | (is_whole ? 0 : REG_NOTEOL)) == 0;
}

void LineMatcher::look_at_line(bool is_whole) {
  matched_ = matched_ || matches(is_whole);
  if (is_whole) {
    line_.clear();
    looked_past_ = 0;
    return;
  }
  line_.erase(0, line_.size() / 2 - 1);
  looked_past_ = 1;
}

void LineMatcher::feed(std::string_view bytes) {
  const std::size_t longest = in_one_pass_ ? passed_over : searched;
  while (!matched_ && !bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view piece = bytes.substr(0, std::min(end, longest - std::min(line_.size(), longest - 1)));
    line_ += piece;
    bytes.remove_prefix(piece.size());
    if (piece.size() == end && !bytes.empty()) {
      look_at_line(true);
      bytes.remove_prefix(1);
    } else if (line_.size() >= longest) {
      look_at_line(false);
    }
  }
}

bool LineMatcher::finish() {
  if (line_.size() > looked_past_) {
    look_at_line(true);
  }
  return matched_;
}

}  // namespace nmz::agent
