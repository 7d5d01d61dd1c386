#include "nmz/view/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "nmz/text/utf8.hpp"
#include "nmz/view/summary.hpp"

namespace nmz::view {
namespace {

using events::Mark;

constexpr const char* green = "\x1b[32m";
constexpr const char* red = "\x1b[31m";
constexpr const char* yellow = "\x1b[33m";
constexpr const char* dim = "\x1b[2m";

/// Many CI services end what says nothing for 10 minutes.
constexpr Seconds longest_silence{9 * 60};
constexpr std::size_t logs_shown = 20;

const char* colour_of(Mark mark) {
  switch (mark) {
    case Mark::passed:
      return green;
    case Mark::failed:
    case Mark::timed_out:
      return red;
    case Mark::skipped:
    case Mark::flaky:
    case Mark::lost:
    case Mark::stopped:
      return yellow;
    case Mark::retried:
    case Mark::cancelled:
    case Mark::late:
    case Mark::repeated:
      break;
  }
  return dim;
}

StatusLevel level_of(Mark mark) {
  switch (mark) {
    case Mark::failed:
    case Mark::timed_out:
    case Mark::lost:
    case Mark::stopped:
      return StatusLevel::fail;
    case Mark::retried:
    case Mark::flaky:
      return StatusLevel::retry;
    case Mark::passed:
      return StatusLevel::pass;
    case Mark::skipped:
      return StatusLevel::skip;
    case Mark::cancelled:
    case Mark::late:
    case Mark::repeated:
      break;
  }
  return StatusLevel::all;
}

std::uint32_t number(job::WorkerId worker) { return static_cast<std::uint32_t>(worker); }

std::string abbreviated(const std::string& commit) {
  constexpr std::size_t short_id = 12;
  return text::valid_utf8(text::printable(commit).substr(0, short_id));
}

/// What a worker does with a job, for --verbose.
std::string activity(const events::PhaseStarted& event, bool search) {
  std::string text = fmt::format("worker {} ", number(event.worker));
  if (!search) {
    text += "runs " + text::printable(event.item);
  } else {
    text += event.phase == job::Phase::build ? "builds " : "tests ";
    text += abbreviated(event.item);
  }
  return text + (event.attempt > 1 ? fmt::format(" (attempt {})", event.attempt) : "");
}

}  // namespace

std::string duration(Seconds seconds) {
  constexpr double minute = 60;
  constexpr double hour = 3600;
  constexpr double longest = 1e12;
  const double value = std::min(std::max(0.0, seconds.count()), longest);
  if (value < 10) return fmt::format("{:.2f} s", value);
  if (value < minute) return fmt::format("{:.0f} s", value);
  const auto whole = static_cast<long>(std::lround(value));
  if (value < hour) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string sentence(const events::WorkerGone& event) {
  const std::string reason = text::printable(event.reason);
  if (event.makes_room) return fmt::format("worker {} ended: {}", number(event.worker), reason);
  return fmt::format("worker {} was lost: {}{}", number(event.worker), reason,
                     event.restarting ? "; it is started again" : "; it is given up");
}

TextStyle TextStyle::for_stream(std::FILE* stream, Verbosity verbosity, Colour colour) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return std::string_view{value == nullptr ? "" : value};
  };
  TextStyle style;
  style.verbosity = verbosity;
  style.live = ::isatty(::fileno(stream)) == 1 && variable("TERM") != "dumb" && !variable("TERM").empty();
  const std::string_view forced = variable("CLICOLOR_FORCE");
  const bool suits = style.live || (!forced.empty() && forced != "0");
  style.colour = colour == Colour::always || (colour == Colour::automatic && suits && variable("NO_COLOR").empty());
  return style;
}

Text::Text(std::FILE* out, events::Kind kind, TextStyle style) : kind_{kind}, style_{style}, live_{out} {
  if (quiet()) style_.live = false;
}

void Text::show(const events::Event& event, Seconds now) {
  now_ = now;
  std::visit([this](const auto& what) { on(what); }, event);
  if (!style_.live || ended_) return;
  // More often nobody can see it, and the terminal would be what the run waits for.
  constexpr Seconds frame{0.05};
  if (live_.drawn() && now - drawn_at_ < frame) return;
  drawn_at_ = now;
  live_.draw(status(now, live_.columns()));
}

void Text::line(const std::string& text) {
  last_line_ = now_;
  live_.above(text);
}

std::string Text::coloured(const std::string& text, const char* colour) const {
  return style_.colour ? colour + text + "\x1b[0m" : text;
}

void Text::expect(std::size_t left, Seconds expected_left) {
  left_ = left;
  expected_left_ = expected_left;
  expected_at_ = now_;
}

// ---- while it runs

void Text::on(const events::RunStarted& event) {
  workers_ = event.workers;
  left_ = event.candidates;
  if (quiet()) return;
  if (searches()) {
    line(fmt::format("{} to search with {}, {}", plural(event.candidates, "commit"), plural(event.workers, "worker"),
                     rounds_of_tests(event.rounds)));
  } else {
    line(fmt::format("{}: {}", plural(event.workers, "worker"), text::printable(event.where)));
  }
  if (!event.log_directory.empty()) line("logs: " + text::printable(event.log_directory));
}

void Text::on(const events::WorkloadsListed& event) {
  items_ = event.workloads * event.runs;
  repeated_ = event.repeated;
  bound_ = event.bound;
  expect(items_, event.bound);
  if (quiet()) return;
  std::string text = plural(event.workloads, "workload");
  if (event.repeated) text += event.runs > 0 ? fmt::format(", each run {} times", event.runs) : ", again and again";
  if (event.chunks > 0) text += fmt::format(" in {}", plural(event.chunks, "chunk"));
  if (event.known > 0 && event.known < event.workloads) {
    text += fmt::format(", durations known for {} of {}", event.known, event.workloads);
  }
  if (event.bound.count() > 0) text += fmt::format(", expected to take at least {}", duration(event.bound));
  line(text);
}

void Text::on(const events::WorkerReady& event) {
  ++ready_;
  if (verbose()) line(fmt::format("worker {} is ready on {}", number(event.worker), text::printable(event.node)));
}

void Text::on(const events::PhaseStarted& event) {
  running_.try_emplace(event.job, Running{event.item, now_, event.expected, {}});
  if (verbose()) line(activity(event, searches()));
}

void Text::on(const events::StillRunning& event) {
  if (quiet() || style_.status_level.value_or(StatusLevel::slow) < StatusLevel::slow) return;
  line(fmt::format("{} {} (running for {})", coloured(fmt::format("{:<9}", "slow"), yellow),
                   text::printable(event.item), duration(event.so_far)));
}

void Text::on(const events::JobReturned& event) { running_.erase(event.job); }

/// A terminal shows what passes by its count alone, where there is much of it.
bool Text::wanted(const events::JobEnded& event) const {
  if (style_.status_level) return level_of(event.mark) <= *style_.status_level;
  if (quiet() || verbose()) return verbose();
  if (!is_result(event.mark)) return event.mark == Mark::retried;
  return searches() || event.mark != Mark::passed || !(style_.live || repeated_);
}

void Text::on(const events::JobEnded& event) {
  show_output(output_.size());
  if (const auto running = running_.find(event.job); running != running_.end()) {
    show_lines(running->second, running->second.output.size());
    running_.erase(running);
  }
  const std::string word = searches() ? text::printable(event.word) : word_of(event.mark);
  if (is_result(event.mark)) {
    ++done_;
    ++words_[word];
    if (event.mark != Mark::passed && event.mark != Mark::flaky && event.mark != Mark::skipped) ++failed_;
    expect(event.left, event.expected_left);
  }
  const bool with_output = !searches() && style_.output == ShowOutput::all && !event.log.empty();
  if (with_output) print_log({event.item, event.detail.empty() ? word : event.detail, event.took, event.log});
  if (!wanted(event)) return;
  const std::string head = coloured(fmt::format("{:<{}}", word, searches() ? 5 : 9), colour_of(event.mark));
  const std::string item =
      searches() ? abbreviated(event.item) + " " + text::printable(event.subject) : text::printable(event.item);
  line(fmt::format("{} {} ({}{}{}{})", head, item, duration(event.took), event.detail.empty() ? "" : ", ",
                   text::printable(event.detail), what_is_left(event)));
}

void Text::on(const events::RunsAgain& event) {
  if (is_result(event.mark)) {
    if (done_ > 0) --done_;
    const std::string word = word_of(event.mark);
    if (words_[word] > 0) --words_[word];
    if (event.mark != Mark::skipped && failed_ > 0) --failed_;
  }
  if (!quiet())
    line(fmt::format("{} {} (as you wish)", coloured(fmt::format("{:<9}", "again"), yellow),
                     text::printable(event.item)));
}

void Text::on(const events::VerdictKnown& event) {
  expect(event.left, expected_left_);
  if (quiet() || !(verbose() || style_.explain)) return;
  line(fmt::format("{} {} {} (known; {} left)",
                   coloured(fmt::format("{:<5}", text::printable(event.word)), colour_of(event.mark)),
                   abbreviated(event.item), text::printable(event.subject), event.left));
}

void Text::on(const events::Explained& event) {
  if (style_.explain) explained_ = event;
}

/// Of a search, beside a result where no status line tells it.
std::string Text::what_is_left(const events::JobEnded& event) const {
  if (!searches() || !is_result(event.mark)) return {};
  std::string sure = style_.explain && event.confidence > 0 ? fmt::format("; confidence {:.3f}", event.confidence) : "";
  if (style_.live) return sure;
  std::string text = sure + fmt::format("; {} left", event.left);
  if (event.left > 1 && event.expected_left.count() > 0) {
    text += fmt::format(", about {}", duration(event.expected_left));
  }
  return text;
}

void Text::on(const events::Progress& event) { expect(event.left, event.expected_left); }

void Text::on(const events::WorkerGone& event) {
  if (ready_ > 0) --ready_;
  if (!quiet()) line(sentence(event));
}

void Text::on(const events::Notice& event) {
  if (!quiet()) line(text::printable(event.text));
}

void Text::on(const events::Tick& /*event*/) {
  if (!style_.live && !quiet() && !ended_ && now_ - last_line_ >= longest_silence) tell_progress();
}

void Text::tell_progress() {
  const std::string total = items_ > 0 ? fmt::format(" of {}", items_) : "";
  const std::string done = searches() ? fmt::format("{} left, {} done", left_, plural(done_, "test"))
                                      : fmt::format("{}{} done", done_, total);
  line(fmt::format("after {}: {}, {} running", duration(now_), done, running_.size()));
}

// ---- the end

void Text::on(const events::RunEnded& event) {
  ended_ = true;
  running_.clear();
  live_.erase();
  if (searches()) {
    sum_up(event, event.search);
  } else {
    sum_up(event, event.suite);
  }
  if (!quiet() && !event.log_directory.empty()) line("logs: " + text::printable(event.log_directory));
}

void Text::explain() {
  for (const events::ExplainedCommit& one : explained_.commits) {
    line(fmt::format("{:<5} {} {} ({})", text::printable(one.word), abbreviated(one.commit),
                     text::printable(one.subject), text::printable(one.why)));
  }
}

void Text::sum_up(const events::RunEnded& event, const events::SearchResult& result) {
  explain();
  if (quiet()) return;
  if (!result.log_end.empty()) {
    line("the end of " + text::printable(result.deciding_log) + ":");
    std::string shown = text::printable_lines(result.log_end, text::Colours::removed);
    if (shown.ends_with('\n')) shown.pop_back();
    line(shown);
  }
  line(counts_text(event, result));
  if (result.serial_tests > 0) line("a serial search would have needed " + plural(result.serial_tests, "test"));
}

void Text::sum_up(const events::RunEnded& event, const events::SuiteResult& result) {
  tell_failures(result);
  if (result.counts.all() > 0) line(coloured(counts_text(event, result), event.exit_code == 0 ? green : red));
  if (quiet()) return;
  if (result.bound.count() > 0) {
    line(bound_text(event, result));
    if (result.split.total().count() > 0) line(split_text(result.split));
  }
  for (const auto& [phase, at] : result.phases) {
    if (verbose()) line(fmt::format("{:>8.3f} s  {}", at.count(), text::printable(phase)));
  }
}

/// Where logs are not wanted, what failed is named all the same.
void Text::tell_failures(const events::SuiteResult& result) {
  const auto name = [this](const char* word, const char* colour, const events::Failure& failure, bool log) {
    line(fmt::format("{} {} ({}{})", coloured(fmt::format("{:<9}", word), colour), text::printable(failure.name),
                     text::printable(failure.detail), log ? "; " + text::printable(failure.log) : ""));
  };
  const bool logs = !quiet() && style_.output == ShowOutput::failed;
  const std::size_t shown = logs ? std::min(result.failures.size(), logs_shown) : 0;
  for (std::size_t i = 0; i < shown; ++i) print_log(result.failures[i]);
  for (std::size_t i = 0; i < result.failures.size() && !logs; ++i) {
    name("failed", red, result.failures[i], !result.failures[i].log.empty());
  }
  if (shown > 0) {
    line(coloured("----", red));
    if (shown < result.failures.size()) line(fmt::format("... and {} more", result.failures.size() - shown));
  }
  for (const std::string& text : hunt_lines(result.hunted, verbose())) line(text);
  for (const events::Failure& flaky : result.flaky) name("flaky", yellow, flaky, true);
  for (const std::string& text : kind_lines(result.classified)) line(text);
  for (const events::Failure& earlier : result.earlier_failures) {
    if (!quiet()) name("failed", red, earlier, false);
  }
}

// ---- the line at the bottom

/// "[####------] 4/10", where there is room for the bar.
std::string Text::bar(std::size_t columns) const {
  constexpr std::size_t width = 10;
  constexpr std::size_t columns_for_bar = 70;
  if (items_ == 0 && repeated_) return fmt::format("[{}]", done_);
  if (items_ == 0) return fmt::format("{}/{} workers ready", ready_, workers_);
  if (columns < columns_for_bar) return fmt::format("[{}/{}]", done_, items_);
  const std::size_t filled = std::min(width, done_ * width / items_);
  return fmt::format("[{}{}] {}/{}", std::string(filled, '#'), std::string(width - filled, '-'), done_, items_);
}

std::string Text::how_far(std::size_t columns) const {
  if (!searches()) return bar(columns) + (failed_ > 0 ? fmt::format(" | {} failed", failed_) : "");
  std::string text = fmt::format("{} left", left_);
  for (const auto& [word, count] : words_) text += fmt::format(" | {} {}", count, word);
  return text;
}

std::string Text::status(Seconds now, std::size_t columns) const {
  constexpr std::size_t columns_for_bound = 100;
  constexpr std::size_t very_short_id = 7;
  constexpr std::size_t name_room = 24;
  constexpr std::size_t more_room = 5;
  std::string text = how_far(columns);
  std::string ending;
  if (expected_left_.count() > 0) {
    const Seconds left = expected_left_ - (now - expected_at_);
    ending = left.count() > 0 ? fmt::format(" | about {} left", duration(left)) : " | any moment";
    if (bound_.count() > 0 && columns >= columns_for_bound) ending += fmt::format(" (bound {})", duration(bound_));
  }
  const std::size_t room = columns > ending.size() + 1 ? columns - ending.size() - 1 : 0;
  std::size_t hidden = running_.size();
  const char* separator = " | ";
  for (const auto& [job, running] : running_) {
    std::string one = fmt::format("{}{} {:.0f}", separator,
                                  text::printable(running.name).substr(0, searches() ? very_short_id : name_room),
                                  (now - running.since).count());
    one += running.expected.count() > 0 ? fmt::format("/{:.0f}s", running.expected.count()) : "s";
    if (text.size() + one.size() + (hidden > 1 ? more_room : 0) > room) break;
    text += one;
    separator = ", ";
    --hidden;
  }
  if (hidden > 0) text += fmt::format(" +{}", hidden);
  const std::string whole = text::valid_utf8(text.substr(0, room)) + ending;
  // One that is as long as the terminal is wide would go on to the next row, and could not be redrawn in place.
  return columns > whole.size() ? whole : text::valid_utf8(whole.substr(0, std::max<std::size_t>(columns, 1) - 1));
}

}  // namespace nmz::view
