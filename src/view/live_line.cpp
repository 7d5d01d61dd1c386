#include "nmz/view/live_line.hpp"

#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace nmz::view {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::size_t default_columns = 80;

/// What cannot be written costs the line, not the run; the program looks at the stream when it ends.
void write(std::FILE* out, std::string_view text) { static_cast<void>(std::fwrite(text.data(), 1, text.size(), out)); }

}  // namespace

void LiveLine::above(const std::string& line) {
  erase();
  write(out_, line + "\n");
  static_cast<void>(std::fflush(out_));
}

void LiveLine::draw(const std::string& line) {
  write(out_, std::string{erase_line} + line);
  static_cast<void>(std::fflush(out_));
  drawn_ = true;
}

void LiveLine::erase() {
  if (!drawn_) return;
  write(out_, erase_line);
  static_cast<void>(std::fflush(out_));
  drawn_ = false;
}

std::size_t LiveLine::columns() const {
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return default_columns;
  return size.ws_col;
}

}  // namespace nmz::view
