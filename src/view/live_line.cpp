#include "nmz/view/live_line.hpp"

#include <string_view>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nmz::view {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::size_t default_columns = 80;

}  // namespace

void LiveLine::above(const std::string& line) {
  erase();
  fmt::print(out_, "{}\n", line);
  static_cast<void>(std::fflush(out_));
}

void LiveLine::draw(const std::string& line) {
  fmt::print(out_, "{}{}", erase_line, line);
  static_cast<void>(std::fflush(out_));
  drawn_ = true;
}

void LiveLine::erase() {
  if (!drawn_) return;
  fmt::print(out_, "{}", erase_line);
  static_cast<void>(std::fflush(out_));
  drawn_ = false;
}

std::size_t LiveLine::columns() const {
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return default_columns;
  return size.ws_col;
}

}  // namespace nmz::view
