// See line_matcher.hpp. REG_STARTEND, an extension of the BSDs and glibc, lets regexec() look past NUL bytes. Each line
// is copied nevertheless: the sanitizers' regexec() wants a terminated string whatever the flags say, and beside the
// matching the copy costs nothing.
#include "line_matcher.hpp"

#include <array>
#include <utility>

namespace nmz::agent {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 10;

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
  return matcher;
}

// A compiled expression is a handful of pointers into the heap; glibc keeps none that point back into it.
LineMatcher::LineMatcher(LineMatcher&& other) noexcept
    : expression_{other.expression_},
      compiled_{std::exchange(other.compiled_, false)},
      matched_{other.matched_},
      line_{std::move(other.line_)} {}

LineMatcher::~LineMatcher() {
  if (compiled_) {
    ::regfree(&expression_);
  }
}

void LineMatcher::look_at_line() {
  regmatch_t range{0, static_cast<regoff_t>(line_.size())};
  matched_ = matched_ || ::regexec(&expression_, line_.c_str(), 1, &range, REG_STARTEND) == 0;
  line_.clear();
}

void LineMatcher::feed(std::string_view bytes) {
  while (!matched_ && !bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    line_ += bytes.substr(0, newline);
    if (newline == std::string_view::npos) {
      if (line_.size() >= longest_line) {
        look_at_line();
      }
      return;
    }
    look_at_line();
    bytes.remove_prefix(newline + 1);
  }
}

bool LineMatcher::finish() {
  if (!line_.empty()) {
    look_at_line();
  }
  return matched_;
}

}  // namespace nmz::agent
