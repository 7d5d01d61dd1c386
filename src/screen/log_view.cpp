// The page of a log: following it, moving in it, searching it.
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "nmz/screen/desk.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::screen {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// A tab goes to the next eighth column.
std::string without_tabs(std::string_view line) {
  constexpr std::size_t stop = 8;
  std::string text;
  std::size_t columns = 0;
  while (!line.empty()) {
    const std::string_view piece = line.substr(0, line.find('\t'));
    text += piece;
    columns += columns_of(piece);
    line.remove_prefix(piece.size());
    if (line.empty()) break;
    line.remove_prefix(1);
    const std::size_t gap = stop - columns % stop;
    text.append(gap, ' ');
    columns += gap;
  }
  return text;
}

/// What is foreign in it is made harmless here.
std::vector<std::string> lines_of(std::string_view log) {
  const std::string text = text::printable_lines(log, text::Colours::removed);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(without_tabs(std::string_view{text}.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::string telling_line_of(const std::string& log) {
  constexpr std::array<std::string_view, 10> words{"error",     "fail",  "assert", "exception", "panic",
                                                   "traceback", "fatal", "not ok", "expected",  "segmentation"};
  std::string last;
  for (std::string& line : lines_of(log)) {
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    const std::string low = lower(line);
    if (std::ranges::any_of(words, [&](std::string_view word) { return low.find(word) != std::string::npos; })) {
      return line;
    }
    last = std::move(line);
  }
  return last;
}

std::vector<std::string> LogView::rows(std::size_t columns) const {
  if (!wrap || columns == 0) return lines;
  std::vector<std::string> rows;
  for (const std::string& line : lines) {
    for (std::string& row : wrapped(line, columns)) rows.push_back(std::move(row));
  }
  return rows;
}

void Desk::catch_up(const Model& model) {
  if (model.ended()) {
    pane_ = 1;                                         // nothing runs any more, and the other list is gone
    if (!std::exchange(over_, true)) ending_.reset();  // this one has another order now
  }
  if (page_ != Page::log) return;
  if (log_.job) {
    const Model::Running* const running = model.find(*log_.job);
    if (running != nullptr && running->printed != log_.printed) {
      log_.lines = lines_of(running->output);
      log_.printed = running->printed;
    }
    if (running != nullptr) return;
    const job::JobId job = *std::exchange(log_.job, std::nullopt);  // it has ended
    const auto ended = std::find_if(model.endings().rbegin(), model.endings().rend(),
                                    [&](const Model::Ended& one) { return one.what.job == job; });
    log_.title += " (ended)";
    if (ended == model.endings().rend() || ended->what.log.empty()) return;
    log_.path = ended->what.log;
    log_.lines.clear();
  }
  if (!log_.lines.empty() || log_.path.empty()) return;
  log_.lines = lines_of(read_(log_.path));
  if (log_.lines.empty()) log_.lines = {"(it is empty)"};
}

void Desk::type(const Input& input) {
  using Key = Input::Key;
  if (input.key == Key::enter) {
    log_.typing = false;
    search(false);
  } else if (input.key == Key::escape) {
    log_.typing = false;
    log_.needle.clear();
  } else if (input.key == Key::erase) {
    std::string& needle = log_.needle;
    while (!needle.empty() && (static_cast<unsigned char>(needle.back()) & 0xC0U) == 0x80U) needle.pop_back();
    if (!needle.empty()) needle.pop_back();
  } else if (input.key == Key::character && input.character >= ' ') {
    constexpr unsigned tail_bits = 6;
    const char32_t c = input.character;
    const auto tail = [&](unsigned at) { log_.needle += static_cast<char>(0x80U | ((c >> (at * tail_bits)) & 0x3FU)); };
    if (c < 0x80) {
      log_.needle += static_cast<char>(c);
    } else if (c < 0x800) {
      log_.needle += static_cast<char>(0xC0U | (c >> tail_bits));
      tail(0);
    } else if (c < 0x10000) {
      log_.needle += static_cast<char>(0xE0U | (c >> (2 * tail_bits)));
      tail(1);
      tail(0);
    } else {
      log_.needle += static_cast<char>(0xF0U | (c >> (3 * tail_bits)));
      tail(2);
      tail(1);
      tail(0);
    }
  }
}

/// Small letters stand for capitals as well. From the first row on, or from the one behind it, and around.
void Desk::search(bool onwards) {
  if (log_.needle.empty()) return;
  const std::vector<std::string> rows = log_.rows(size_.columns);
  const std::string wanted = lower(log_.needle);
  for (std::size_t i = onwards ? 1 : 0; i < rows.size() + 1; ++i) {
    const std::size_t at = (log_.top + i) % std::max<std::size_t>(rows.size(), 1);
    if (at >= rows.size() || lower(rows[at]).find(wanted) == std::string::npos) continue;
    log_.top = at;
    log_.follow = false;
    return;
  }
  message_ = "'" + log_.needle + "' is not in it";
}

void Desk::press_log(const Input& input) {
  using Key = Input::Key;
  if (log_.typing) return type(input);
  const std::size_t page = size_.rows > 3 ? size_.rows - 3 : 1;
  const auto up = [this](std::size_t by) {
    log_.follow = false;
    log_.top -= std::min(log_.top, by);
  };
  const auto down = [this](std::size_t by) { log_.top += by; };  // the painter keeps it within the log
  switch (input.key) {
    case Key::escape:
    case Key::enter:
      page_ = Page::overview;
      return;
    case Key::up:
      return up(1);
    case Key::wheel_up:
      return up(3);
    case Key::page_up:
      return up(page);
    case Key::home:
      return up(log_.top);
    case Key::down:
      return down(1);
    case Key::wheel_down:
      return down(3);
    case Key::page_down:
      return down(page);
    case Key::end:
      log_.follow = true;
      return;
    case Key::character:
      break;
    default:
      return;
  }
  switch (input.character) {
    case 'q':
      page_ = Page::overview;
      return;
    case 'f':
      log_.follow = !log_.follow;
      return;
    case 'w':
      log_.wrap = !log_.wrap;
      return;
    case '/':
      log_.typing = true;
      log_.needle.clear();
      return;
    case 'n':
      return search(true);
    case 'k':
      return up(1);
    case 'j':
      return down(1);
    case ' ':
      return down(page);
    case 'g':
      return up(log_.top);
    case 'G':
      log_.follow = true;
      return;
    default:
      message_ = "/ searches, n again, f follows, w wraps, q goes back";
  }
}

}  // namespace nmz::screen
