// A stream of lines, as APIs that tell news send them (a JSON object a line), from pieces cut anywhere. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nmz::http {

class Lines {
 public:
  void feed(std::string_view bytes) {
    rest_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    rest_ += bytes;
  }
  /// The next whole line, without its end; nothing when it has not come yet. Valid until feed().
  [[nodiscard]] std::optional<std::string_view> next() {
    const std::size_t end = rest_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = rest_.size();
      return std::nullopt;
    }
    const std::string_view line = std::string_view{rest_}.substr(begin_, end - begin_);
    begin_ = searched_ = end + 1;
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }
  /// How much of a line waits for its end: who must not run out of memory looks at it.
  [[nodiscard]] std::size_t waiting() const { return rest_.size() - begin_; }

 private:
  std::string rest_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;  ///< no end of a line before it
};

}  // namespace nmz::http
