// What tests have printed, among the lines of the text view.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "nmz/files/tail.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/text.hpp"

namespace nmz::view {
namespace {

constexpr const char* red = "\x1b[31m";
constexpr const char* dim = "\x1b[2m";
constexpr std::size_t log_tail = std::size_t{16} << 10;

}  // namespace

/// Where one test at a time runs, as git shows it; in whole lines, so that they do not mix with ours.
void Text::on(const events::Output& event) {
  constexpr std::size_t longest_line = 4096;
  if (const auto running = running_.find(event.job); !searches() && running != running_.end()) {
    if (style_.output != ShowOutput::live) return;
    std::string& output = running->second.output;
    output += event.bytes;
    const std::size_t newline = output.rfind('\n');
    if (newline == std::string::npos && output.size() <= longest_line) return;
    return show_lines(running->second, newline == std::string::npos ? output.size() : newline + 1);
  }
  if (!searches() || workers_ != 1 || quiet()) return;
  output_ += event.bytes;
  const std::size_t end = output_.rfind('\n');
  if (end != std::string::npos || output_.size() > longest_line) {
    show_output(end == std::string::npos ? output_.size() : end + 1);
  }
}

void Text::show_output(std::size_t size) {
  if (size == 0) return;
  std::string text = text::printable_lines(std::string_view{output_}.substr(0, size),
                                           style_.colour ? text::Colours::kept : text::Colours::removed);
  output_.erase(0, size);
  if (text.ends_with('\n')) text.pop_back();
  line(text);
}

/// Lines of several workloads stand among each other.
void Text::show_lines(Running& running, std::size_t size) {
  if (size == 0) return;
  const std::string text = text::printable_lines(std::string_view{running.output}.substr(0, size),
                                                 style_.colour ? text::Colours::kept : text::Colours::removed);
  running.output.erase(0, size);
  const std::string head = coloured(text::printable(running.name) + " | ", dim);
  std::string shown;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    shown.append(shown.empty() ? "" : "\n").append(head).append(text, begin, end - begin);
    begin = end + 1;
  }
  line(shown);
}

void Text::print_log(const events::Failure& failure) {
  line(coloured(fmt::format("---- {} ({})", text::printable(failure.name), text::printable(failure.detail)), red));
  bool cut = false;
  const std::string tail = files::tail_of_file(failure.log, log_tail, &cut);
  if (cut) line("[...] the whole log: " + text::printable(failure.log));
  std::string shown = text::printable_lines(tail, style_.colour ? text::Colours::kept : text::Colours::removed);
  if (shown.ends_with('\n')) shown.pop_back();
  if (!shown.empty()) line(shown);
}

}  // namespace nmz::view
