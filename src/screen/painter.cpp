#include "nmz/screen/painter.hpp"

#include <array>

#include <fmt/format.h>

#include "nmz/view/text.hpp"

#include "page.hpp"

namespace nmz::screen {
namespace {

using view::duration;

const char* program_of(const Model& model) { return model.searches() ? "nmzbisect" : "nmzswarm"; }

std::string state_of(const Page& page) {
  if (page.model.ended()) return "over after " + duration(page.model.ended()->wall);
  return (page.desk.paused() ? "paused " : "") + duration(page.model.now());
}

void add_head(Page& page) {
  const events::RunStarted& started = page.model.started();
  const std::string state = state_of(page);
  const std::size_t room = page.size.columns > state.size() + 1 ? page.size.columns - state.size() - 1 : 0;
  const std::string program = program_of(page.model);
  const std::string title = shown(started.title);
  Line line{cut(title == program ? title : program + " " + title, room), {Tone::plain, true}};
  if (const std::string where = "  " + shown(started.where); line.columns() + columns_of(where) <= room) {
    line.add(where, {Tone::faint});
  }
  line.add_at_right(state, page.size.columns, {Tone::plain, true});
  page.add(line.columns() == 0 ? Line{state} : std::move(line));
}

/// What is searched or run, as it was typed: where there is room for it beside what happens.
void add_command(Page& page) {
  constexpr std::size_t rows_for_it = 16;
  std::string prompt = "$ ";
  const std::string command = shown(page.model.started().command);
  if (command.empty() || page.size.rows < rows_for_it) return;
  if (columns_of(prompt + command) > page.size.columns) prompt += std::string{program_of(page.model)} + " ";
  if (page.size.columns <= prompt.size()) return;
  page.add(prompt + cut_front(command, page.size.columns - prompt.size()), {Tone::faint});
}

/// The last one: whole where there is room, else its first line.
std::vector<std::string> notice_of(const Page& page) {
  constexpr std::size_t rows_for_one = 12;
  constexpr std::size_t rows_for_all = 24;
  constexpr std::size_t most = 4;
  if (page.size.rows < rows_for_one || page.model.notices().empty() || page.size.columns == 0) return {};
  std::vector<std::string> lines = wrapped_words("notice: " + shown(page.model.notices().back()), page.size.columns);
  lines.resize(std::min(lines.size(), page.size.rows < rows_for_all ? 1 : most));
  return lines;
}

/// The keys, as many as there is room for.
std::string hints(const Page& page) {
  const Abilities& can = page.desk.abilities();
  std::string text;
  const auto add = [&](const char* hint) {
    if (text.size() + columns_of(hint) + 2 <= page.size.columns) text += (text.empty() ? "" : "  ") + std::string{hint};
  };
  const bool over = page.model.ended().has_value();
  add(over || can.replay ? "q leave" : "q end");
  add("? help");
  add("Enter log");
  add("Tab pane");
  if (!over) {
    if (!can.replay) add("d text");
    if (can.cancel) add("c cancel");
    if (can.skip) add("s skip");
    if (can.again) add("r run again");
    if (can.workers) add(can.replay ? "+- speed" : "+- workers");
    if (can.pause) add("p pause");
  }
  return text;
}

Line foot(const Page& page) {
  if (page.desk.question()) return Line{page.desk.question()->text, {Tone::warning, true}};
  if (!page.desk.message().empty()) return Line{shown(page.desk.message()), {Tone::warning}};
  return Line{hints(page), {Tone::faint}};
}

void paint_overview(Page& page) {
  const std::vector<std::string> notice = notice_of(page);
  page.bottom = notice.size() + 1;
  add_head(page);
  add_command(page);
  if (page.model.searches()) {
    paint_search(page);
  } else {
    paint_suite(page);
  }
  while (page.room() > 0) page.add("");
  page.bottom = 0;
  for (const std::string& line : notice) page.add(line, {Tone::warning});
  page.add(foot(page).fit(page.size.columns).reverse());
}

void paint_help(Page& page) {
  static constexpr std::array lines{
      "Tab         the other list           up, down    select in it",
      "Enter       the log of what is selected (also a second click)",
      "c           cancel the job that is selected; it does not count",
      "s           skip the commit that is selected",
      "r           run once more what did not pass (of a suite, while it runs)",
      "+  -        one worker more, one fewer; of a stored run its speed",
      "p           pause: nothing new begins until p is pressed again",
      "d           leave the screen; the run goes on and tells it as text",
      "q           end the run, after a question; leave when it is over",
      "Ctrl-L      draw everything again",
      "Ctrl-Z      stop it; fg goes on",
      "",
      "In a log: / searches, n again, f follows, w wraps, q goes back.",
      "",
      "In a suite's worker row: # runs  . waits  o starts  ! overdue  x gone",
      "Bar: see the words below it; a failed one that is run again counts",
      "once it has its result; if it passes then, it is flaky.",
  };
  page.add("keys (any key goes back)", {Tone::plain, true});
  for (const char* const line : lines) page.add(line);
  if (!page.desk.address().empty()) page.add("In a browser: " + page.desk.address());
  while (page.room() > 0) page.add("");
}

void paint_log(Page& page) {
  LogView& log = page.desk.log();
  const std::vector<std::string> rows = log.rows(page.size.columns);
  const std::size_t room = page.size.rows > 2 ? page.size.rows - 2 : 0;
  const std::size_t last = rows.size() > room ? rows.size() - room : 0;
  if (log.follow) log.top = last;
  log.top = std::min(log.top, last);
  Line head{"log of " + log.title + (log.job ? " (it runs)" : ""), {Tone::plain, true}};
  head.add_at_right(fmt::format("{}{} {}-{}/{}", log.follow ? "follows " : "", log.wrap ? "wraps" : "",
                                std::min(log.top + 1, rows.size()), std::min(log.top + room, rows.size()), rows.size()),
                    page.size.columns, {Tone::faint});
  page.bottom = 1;
  page.add(std::move(head));
  for (std::size_t i = log.top; i < std::min(log.top + room, rows.size()); ++i) {
    const bool hit = !log.needle.empty() && !log.typing && rows[i].find(log.needle) != std::string::npos;
    page.add(rows[i], {hit ? Tone::warning : Tone::plain, hit});
  }
  while (page.room() > 0) page.add("");
  page.bottom = 0;
  const std::string text = log.typing                     ? "/" + log.needle + "_"
                           : !page.desk.message().empty() ? shown(page.desk.message())
                                                          : "q back  / search  n next  f follow  w wrap";
  page.add(Line{text, {Tone::faint}}.fit(page.size.columns).reverse());
}

}  // namespace

// ---- what the pages share

const Signs& signs_of(Letters letters) {
  static const Signs ascii{"+",
                           "x",
                           "?",
                           "*",
                           "#",
                           ".",
                           "-",
                           "-",
                           "#",
                           "-",
                           {" ", ".", ":", "-", "=", "+", "*", "#"},
                           {".", ":", "=", "%", "@"}};
  static const Signs unicode{"+",
                             "x",
                             "?",
                             "◆",
                             "▒",
                             "·",
                             "─",
                             "─",
                             "█",
                             "░",
                             {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
                             {"·", "░", "▒", "▓", "█"}};
  return letters == Letters::ascii ? ascii : unicode;
}

Tone tone_of(events::Mark mark) {
  using events::Mark;
  switch (mark) {
    case Mark::passed:
      return Tone::good;
    case Mark::failed:
    case Mark::timed_out:
      return Tone::bad;
    case Mark::skipped:
    case Mark::flaky:
    case Mark::lost:
    case Mark::stopped:
      return Tone::warning;
    case Mark::retried:
    case Mark::cancelled:
    case Mark::late:
    case Mark::repeated:
      break;
  }
  return Tone::faint;
}

const char* sign_of(events::Mark mark, const Signs& signs) {
  using events::Mark;
  if (mark == Mark::passed) return signs.good;
  if (mark == Mark::failed) return signs.bad;
  if (mark == Mark::timed_out) return "t";
  if (mark == Mark::flaky) return "~";
  return mark == Mark::lost ? "!" : signs.skipped;
}

void add_list(Page& page, std::size_t pane, const std::string& title, std::size_t rows,
              const std::function<Line(std::size_t index)>& row) {
  rows = std::min(rows, page.room());
  if (rows == 0) return;
  const bool here = page.desk.pane() == pane;
  Line head{here ? "> " + title + " " : "  " + title + " ", {here ? Tone::active : Tone::faint, here}};
  std::string rule;
  for (std::size_t i = head.columns(); i < page.size.columns; ++i) rule += page.signs.rule;
  page.add(head.add(rule, {Tone::faint}));
  --rows;
  const std::size_t count = rows_of(pane, page.model);
  const std::size_t first = page.desk.first_shown(pane, count, rows, page.model);
  const std::size_t selected = page.desk.selected(pane, page.model);
  for (std::size_t i = first; i < std::min(first + rows, count); ++i) {
    page.places.push_back({page.lines.size(), pane, i});
    Line line = row(i);
    if (here && i == selected) line.fit(page.size.columns).reverse();
    page.add(std::move(line));
  }
}

std::string progress_bar(events::Seconds so_far, events::Seconds expected, const Signs& signs) {
  constexpr std::size_t width = 10;
  if (expected.count() <= 0) return {};
  const double share = std::clamp(so_far / expected, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < filled ? signs.bar : signs.bar_rest;
  return bar;
}

std::string elapsed(events::Seconds so_far, events::Seconds expected) {
  return duration(so_far) + (expected.count() > 0 ? ", usually " + duration(expected) : "");
}

std::vector<Line> paint(const Model& model, Desk& desk, Size size, Letters letters) {
  desk.catch_up(model);
  Page page{model, desk, size, letters};
  switch (desk.page()) {
    case Desk::Page::overview:
      paint_overview(page);
      break;
    case Desk::Page::help:
      paint_help(page);
      break;
    case Desk::Page::log:
      paint_log(page);
      break;
  }
  for (Line& line : page.lines) line.fit(size.columns);
  desk.painted(std::move(page.places), size);
  return std::move(page.lines);
}

}  // namespace nmz::screen
