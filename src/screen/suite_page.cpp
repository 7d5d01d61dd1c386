// The screen of a suite: how far it is and how well it goes, what the workers do, what runs, what has failed.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "nmz/view/summary.hpp"
#include "nmz/view/text.hpp"

#include "page.hpp"

namespace nmz::screen {
namespace {

using events::Mark;
using events::Seconds;
using view::duration;

/// What is rare stands first, so that there is room for it.
constexpr std::array bar_order{Mark::failed, Mark::timed_out, Mark::lost, Mark::skipped, Mark::flaky, Mark::passed};
constexpr std::array results{Mark::passed, Mark::flaky, Mark::skipped, Mark::lost, Mark::timed_out, Mark::failed};

std::size_t running_now(const Model& model) { return rows_of(0, model); }

std::size_t all_items(const Model& model) { return std::max(model.items(), model.results() + running_now(model)); }

/// Each outcome has its share, and at least a column.
Line outcome_bar(const Page& page) {
  const Model& model = page.model;
  const std::size_t all = all_items(model);
  std::size_t room = page.size.columns;
  Line line;
  if (all == 0) return line.add("the list is made", {Tone::faint});
  const auto add = [&](std::size_t count, const char* sign, Style style) {
    if (count == 0) return;
    const auto share = static_cast<double>(count) / static_cast<double>(all);
    const auto wanted = static_cast<std::size_t>(std::floor(share * static_cast<double>(page.size.columns)));
    for (std::size_t i = 0; i < std::max<std::size_t>(wanted, 1) && room > 0; ++i, --room) line.add(sign, style);
  };
  for (const Mark one : bar_order) {
    const char* const sign = one == Mark::passed ? page.signs.bar : sign_of(one, page.signs);
    add(model.results(one), sign, {tone_of(one), one != Mark::passed});
  }
  if (!model.ended()) add(running_now(model), page.signs.probe, {Tone::active});
  // Shares are rounded down: when everything has its result the last columns are of the largest one.
  const bool complete = model.ended() && model.results(Mark::passed) > 0 && model.results() >= all;
  const char* const rest = complete ? page.signs.bar : page.signs.bar_rest;
  while (room-- > 0) line.add(rest, {complete ? tone_of(Mark::passed) : Tone::faint});
  return line;
}

/// Each with its sign, which is what explains the bar above.
Line counts_line(const Page& page) {
  const Model& model = page.model;
  Line line;
  for (const Mark mark : results) {
    const std::size_t count = model.results(mark);
    if (count == 0 && mark != Mark::passed && mark != Mark::failed) continue;
    const std::string word = mark == Mark::timed_out ? "timed out" : events::word_of(mark);
    const Style style{count > 0 ? tone_of(mark) : Tone::faint, count > 0};
    if (count > 0) line.add(mark == Mark::passed ? page.signs.bar : sign_of(mark, page.signs), style).add(" ");
    line.add(fmt::format("{} {}", count, word), style);
    line.add(", ");
  }
  if (model.items() > 0) return line.add(fmt::format("{} of {} done", model.results(), model.items()));
  return line.add(fmt::format("{} done", model.results()));
}

Line pace_line(const Model& model) {
  Line line;
  if (const auto left = model.expected_left()) {
    line.add(left->count() > 0 ? "about " + duration(*left) + " left" : "any moment now", {Tone::plain, true});
    line.add(", ");
  }
  if (model.listed().bound > model.now() && !model.ended())
    line.add("at least " + duration(model.listed().bound) + " in all, ");
  line.add(fmt::format("workers busy {:.0f} % of the time", 100 * model.efficiency()));
  if (model.now().count() > 0) {
    line.add(fmt::format(", {:.1f} a second", static_cast<double>(model.results()) / model.now().count()));
  }
  return line;
}

Line throughput_line(const Page& page) {
  const Throughput& all = page.model.throughput();
  const auto& heights = page.signs.heights;
  std::size_t most = 1;
  for (const std::size_t one : all.bins()) most = std::max(most, one);
  const std::size_t room = page.size.columns > 30 ? page.size.columns - 30 : 0;
  Line line{fmt::format("results in {:.0f} s each: ", all.width().count()), {Tone::faint}};
  const std::size_t skipped = all.bins().size() > room ? all.bins().size() - room : 0;
  std::string bars;
  for (std::size_t i = skipped; i < all.bins().size(); ++i) {
    bars += heights[(all.bins()[i] * (heights.size() - 1) + most - 1) / most];
  }
  return line.add(bars, {Tone::good}).add(fmt::format(" (most {})", most), {Tone::faint});
}

// ---- workers

/// The more somebody should see it, the larger it is.
enum class At : std::uint8_t { idle, starting, busy, gone, overdue };

At state_of(const Model& model, const Model::Worker& worker) {
  if (worker.state == Model::State::gone) return At::gone;
  if (worker.state == Model::State::starting) return At::starting;
  const Model::Running* const running = worker.job ? model.find(*worker.job) : nullptr;
  if (running == nullptr) return At::idle;
  return running->overdue ? At::overdue : At::busy;
}

void add_grid(Page& page, std::size_t rows) {
  const auto& workers = page.model.workers();
  const std::size_t columns = page.size.columns;
  if (workers.empty() || rows == 0 || columns == 0) return;
  const std::size_t each = (workers.size() + rows * columns - 1) / (rows * columns);
  const std::string label = "workers: ";
  Line line{workers.size() + label.size() <= columns ? label : "", {Tone::faint}};
  std::size_t used = 0;
  for (std::size_t i = 0; i < workers.size(); i += each) {
    At worst = At::idle;
    for (std::size_t j = i; j < std::min(i + each, workers.size()); ++j) {
      worst = std::max(worst, state_of(page.model, workers[j]));
    }
    constexpr std::array signs{".", "o", "#", "x", "!"};
    constexpr std::array<Tone, 5> tones{Tone::faint, Tone::faint, Tone::active, Tone::bad, Tone::warning};
    const auto at = static_cast<std::size_t>(worst);
    line.add(signs.at(at), {tones.at(at), worst == At::overdue});
    if (++used < columns) continue;
    page.add(std::exchange(line, Line{}));
    used = 0;
  }
  if (used > 0) page.add(std::move(line));
}

// ---- the lists

Line running_row(const Page& page, const Model::Running& one) {
  const Model& model = page.model;
  const Seconds so_far = model.now() - one.since;
  const bool overdue = one.overdue || (one.expected.count() > 0 && so_far > 2 * one.expected);
  const std::size_t width = page.size.columns;
  Line line{overdue ? "! " : "  ", {Tone::warning, true}};
  line.add(fitted(shown(one.item), width < 54 ? width / 2 : width - 50), {overdue ? Tone::warning : Tone::plain});
  line.add(" " + fitted(elapsed(so_far, one.expected), 26));
  if (width < 54) return line;
  const auto number = static_cast<std::size_t>(one.worker);
  const std::string node = number < model.workers().size() ? shown(model.workers()[number].node) : "";
  if (overdue) line.add("overdue ", {Tone::warning, true});
  return line.add(fmt::format("worker {} {}", number, node), {Tone::faint});
}

/// As wide as the names are, so that there is room for what went wrong.
std::size_t name_columns(const Page& page) {
  constexpr std::size_t looked_at = 100;
  const auto& endings = page.model.endings();
  std::size_t longest = 8;
  for (std::size_t i = 0; i < std::min(endings.size(), looked_at); ++i) {
    longest = std::max(longest, columns_of(shown(endings[endings.size() - 1 - i].what.item)));
  }
  return std::min(longest, std::clamp<std::size_t>(page.size.columns / 3, 8, 40));
}

Line failure_row(const Page& page, std::size_t index, std::size_t columns_of_name) {
  const Model::Ended& ended = page.model.endings()[page.model.endings().size() - 1 - index];
  const std::size_t width = page.size.columns;
  Line line{fitted(events::word_of(ended.what.mark), 10), {tone_of(ended.what.mark), true}};
  line.add(fitted(shown(ended.what.item), columns_of_name) + " ");
  if (!ended.what.detail.empty()) line.add(shown(ended.what.detail) + " ", {Tone::faint});
  const bool wrong = ended.what.mark != Mark::skipped && ended.what.mark != Mark::cancelled;
  if (wrong && width >= 50) line.add(page.desk.telling_line(ended.what.log));
  return line;
}

std::string failures_title(const Model& model) {
  const auto attempts = static_cast<std::size_t>(
      std::ranges::count_if(model.endings(), [](const Model::Ended& one) { return one.what.mark == Mark::retried; }));
  const std::size_t others = model.endings().size() - attempts;
  if (attempts == 0) return fmt::format("what did not pass ({})", others);
  return fmt::format("what did not pass ({}, and {} run again)", others, view::plural(attempts, "attempt"));
}

void add_result(Page& page, const events::RunEnded& end) {
  const events::SuiteResult& result = end.suite;
  const Style style{end.exit_code == 0 ? Tone::good : Tone::bad, true};
  if (!end.message.empty()) page.add(shown(end.message), style);
  if (result.counts.all() > 0) page.add(view::counts_text(end, result), style);
  if (result.bound.count() > 0) page.add(view::bound_text(end, result));
  if (result.split.total().count() > 0) page.add(view::split_text(result.split), {Tone::faint});
  for (const std::string& line : view::hunt_lines(result.hunted, false)) {
    if (page.room() > 6) page.add(shown(line));
  }
  for (const std::string& line : view::kind_lines(result.classified)) {
    if (page.room() > 6) page.add(shown(line));
  }
  if (result.failures.empty()) return;
  page.add("Enter opens the log of a failure; the same command with --rerun failed runs these again", {Tone::faint});
}

}  // namespace

void paint_suite(Page& page) {
  const Model& model = page.model;
  page.add(outcome_bar(page));
  page.add(counts_line(page));
  if (page.room() >= 6) page.add(pace_line(model));
  if (page.room() >= 12) page.add(throughput_line(page));
  if (model.ended()) {
    add_result(page, *model.ended());
  } else {
    const std::size_t room = page.room();
    add_grid(page, room < 8 ? 0 : room < 14 ? 1 : room < 24 ? 3 : 6);
    const auto rows = running_rows(model);
    const std::string title =
        fmt::format("running ({}; {} of {} workers ready)", rows.size(), model.ready(), model.workers().size());
    const std::size_t half = std::max<std::size_t>(page.room() / 2, 1);
    add_list(page, 0, title, model.endings().empty() ? half : std::min(rows.size() + 1, half),
             [&](std::size_t index) { return running_row(page, *rows[index]); });
  }
  add_list(page, 1, failures_title(model), page.room(),
           [&page, name = name_columns(page)](std::size_t index) { return failure_row(page, index, name); });
}

}  // namespace nmz::screen
