// A screen while it is painted, from top to bottom.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nmz/screen/painter.hpp"

namespace nmz::screen {

/// The signs, which are one column wide in both alphabets.
struct Signs {
  const char* good;
  const char* bad;
  const char* skipped;
  const char* probe;
  const char* candidate;
  const char* out;   ///< cannot be the first bad commit any more
  const char* link;  ///< between commits of a lane
  const char* rule;
  const char* bar;
  const char* bar_rest;
  std::vector<const char*> heights;  ///< of a sparkline, from nothing
  std::vector<const char*> shares;   ///< by level_of_share()
};
[[nodiscard]] const Signs& signs_of(Letters letters);

/// What a mark looks like.
[[nodiscard]] Tone tone_of(events::Mark mark);
[[nodiscard]] const char* sign_of(events::Mark mark, const Signs& signs);

struct Page {
  Page(const Model& model_in, Desk& desk_in, Size size_in, Letters letters)
      : model{model_in}, desk{desk_in}, size{size_in}, signs{signs_of(letters)} {}

  const Model& model;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Desk& desk;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Size size;
  const Signs& signs;      // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::size_t bottom = 0;  ///< rows at the bottom that are somebody else's
  std::vector<Line> lines{};
  std::vector<Desk::Place> places{};

  [[nodiscard]] std::size_t room() const {
    return size.rows > lines.size() + bottom ? size.rows - lines.size() - bottom : 0;
  }
  void add(Line line) {
    if (room() > 0) lines.push_back(std::move(line));
  }
  void add(std::string text, Style style = {}) { add(Line{std::move(text), style}); }
};

/// A pane: its title, and as many of its rows as there is room for.
void add_list(Page& page, std::size_t pane, const std::string& title, std::size_t rows,
              const std::function<Line(std::size_t index)>& row);
/// "####----", or nothing where there is nothing to compare with.
[[nodiscard]] std::string progress_bar(events::Seconds so_far, events::Seconds expected, const Signs& signs);
/// "4.20 s, usually 5.00 s".
[[nodiscard]] std::string elapsed(events::Seconds so_far, events::Seconds expected);

/// The commits from `first` to `last` in `rows` lines or fewer: a line a lane.
[[nodiscard]] std::vector<Line> history_strip(const Model& model, std::size_t first, std::size_t last,
                                              std::size_t columns, std::size_t rows, const Signs& signs);

/// How probable, in steps: under 0.1 %, 1 %, 5 %, 25 %, and more.
[[nodiscard]] std::size_t level_of_share(double share);
[[nodiscard]] Style style_of_share(std::size_t level);

void paint_search(Page& page);
void paint_suite(Page& page);

}  // namespace nmz::screen
