// One line at the bottom of a terminal that is redrawn in place, below lines that stay.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace nmz::view {

class LiveLine {
 public:
  explicit LiveLine(std::FILE* out) : out_{out} {}
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;
  LiveLine(LiveLine&&) = delete;
  LiveLine& operator=(LiveLine&&) = delete;
  ~LiveLine() { erase(); }

  /// Then nothing is printed or drawn.
  void set_hidden(bool hidden) { hidden_ = hidden; }
  /// Prints lines that stay; the last one without its newline.
  void above(const std::string& text);
  [[nodiscard]] bool drawn() const { return drawn_; }
  void draw(const std::string& line);
  void erase();
  [[nodiscard]] std::size_t columns() const;

 private:
  std::FILE* out_;
  bool drawn_ = false;
  bool hidden_ = false;
};

}  // namespace nmz::view
