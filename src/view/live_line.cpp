#include "nmz/view/live_line.hpp"

#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"

namespace nmz::view {
namespace {

constexpr std::string_view erase_line = "\r\x1b[K";
constexpr std::size_t default_columns = 80;

}  // namespace

void LiveLine::above(const std::string& text) {
  if (hidden_) return;
  erase();
  output::write(out_, output::without_commands(text + "\n"));
}

void LiveLine::draw(const std::string& line) {
  if (hidden_) return;
  output::write(out_, std::string{erase_line} + line);
  drawn_ = true;
}

void LiveLine::erase() {
  if (!drawn_) return;
  output::write(out_, erase_line);
  drawn_ = false;
}

std::size_t LiveLine::columns() const {
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return default_columns;
  return size.ws_col;
}

}  // namespace nmz::view
