// The end of what a command wrote, for what it says about the machine.
//
// Programs that run out of disk space or processes say so in the words of strerror(), and tests print it just before
// they fail. It is a hint and never evidence by itself: a test may print such words on its own account.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace nmz::agent {

class LastWords {
 public:
  void feed(std::string_view bytes);
  void clear() { words_.clear(); }

  /// Whether a single line has one of `first` and one of `second` in it; both in lower case, whatever the line has.
  [[nodiscard]] bool has_line_with(std::initializer_list<std::string_view> first,
                                   std::initializer_list<std::string_view> second) const;

 private:
  std::string words_;
};

}  // namespace nmz::agent
