#include "nmz/view/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "nmz/text/utf8.hpp"

namespace nmz::view {
namespace {

constexpr std::size_t short_id = 12;

std::string abbreviated(const std::string& commit) { return commit.substr(0, short_id); }

const char* colour_of(Mark mark) {
  switch (mark) {
    case Mark::good:
      return "\x1b[32m";
    case Mark::bad:
      return "\x1b[31m";
    case Mark::skip:
      return "\x1b[33m";
    default:
      return "\x1b[2m";
  }
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

std::string sentence(const WorkerGone& event) {
  const auto worker = static_cast<std::uint32_t>(event.worker);
  const std::string reason = text::printable(event.reason);
  if (event.makes_room) return fmt::format("worker {} ended: {}", worker, reason);
  return fmt::format("worker {} was lost: {}{}", worker, reason,
                     event.restarting ? "; it is started again" : "; it is given up");
}

TextStyle TextStyle::for_stream(std::FILE* stream, Verbosity verbosity) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return std::string_view{value == nullptr ? "" : value};
  };
  TextStyle style;
  style.verbosity = verbosity;
  style.live = ::isatty(::fileno(stream)) == 1 && variable("TERM") != "dumb" && !variable("TERM").empty();
  style.colour = style.live && variable("NO_COLOR").empty();
  return style;
}

Text::Text(std::FILE* out, TextStyle style) : style_{style}, live_{out} {
  if (style_.verbosity == Verbosity::quiet) style_.live = false;
}

void Text::show(const Event& event, Seconds now) {
  std::visit([&](const auto& what) { on(what, now); }, event);
  draw(now);
}

/// A dry run has no view: its plan is the program's answer.
void Text::on(const SearchPlanned& /*event*/, Seconds /*now*/) {}

void Text::on(const SearchStarted& event, Seconds /*now*/) {
  progress_.candidates_left = event.candidates;
  if (style_.verbosity == Verbosity::quiet) return;
  line(fmt::format("{} {} to search with {} {}, about {:.0f} {} of tests", event.candidates,
                   event.candidates == 1 ? "commit" : "commits", event.workers,
                   event.workers == 1 ? "worker" : "workers", std::ceil(event.rounds),
                   event.rounds <= 1 ? "round" : "rounds"));
  if (!event.log_directory.empty()) line("logs: " + text::printable(event.log_directory));
}

void Text::on(const JobStarted& event, Seconds now) {
  running_[event.job] = {event.commit, now};
  if (style_.verbosity != Verbosity::verbose) return;
  line(fmt::format("worker {} tests {}{}", static_cast<std::uint32_t>(event.worker), abbreviated(event.commit),
                   event.attempt > 1 ? fmt::format(" (attempt {})", event.attempt) : ""));
}

void Text::on(const JobDone& event, Seconds /*now*/) {
  running_.erase(event.job);
  const bool verdict = event.mark == Mark::good || event.mark == Mark::bad || event.mark == Mark::skip;
  if (verdict) ++words_[event.word];
  const bool wanted = verdict || event.mark == Mark::retried ? style_.verbosity != Verbosity::quiet
                                                             : style_.verbosity == Verbosity::verbose;
  if (!wanted) return;
  const std::string word = style_.colour ? fmt::format("{}{:<5}\x1b[0m", colour_of(event.mark), event.word)
                                         : fmt::format("{:<5}", event.word);
  std::string text = fmt::format("{} {} {}", word, abbreviated(event.commit), text::printable(event.subject));
  text +=
      fmt::format(" ({}{}{}", duration(event.took), event.detail.empty() ? "" : ", ", text::printable(event.detail));
  if (verdict && !style_.live) text += what_is_left();
  line(text + ")");
}

/// Beside a verdict where no status line tells it.
std::string Text::what_is_left() const {
  std::string text = fmt::format("; {} left", progress_.candidates_left);
  if (progress_.candidates_left > 1 && progress_.expected_left.count() > 0) {
    text += fmt::format(", about {}", duration(progress_.expected_left));
  }
  return text;
}

void Text::on(const Progress& event, Seconds now) {
  progress_ = event;
  progress_at_ = now;
}

void Text::on(const WorkerGone& event, Seconds /*now*/) {
  if (style_.verbosity == Verbosity::quiet) return;
  line(sentence(event));
}

void Text::on(const Notice& event, Seconds /*now*/) {
  if (style_.verbosity != Verbosity::quiet) line(text::printable(event.text));
}

void Text::on(const SearchEnded& event, Seconds /*now*/) {
  ended_ = true;
  running_.clear();
  live_.erase();
  if (style_.verbosity == Verbosity::quiet) return;
  line(fmt::format("{} {} ({} good, {} bad, {} skipped) in {} with {} {}", event.tests,
                   event.tests == 1 ? "test" : "tests", event.good, event.bad, event.skip, duration(event.wall),
                   event.workers, event.workers == 1 ? "worker" : "workers"));
  if (event.serial_tests > 0) {
    line(fmt::format("a serial search would have needed {} {}", event.serial_tests,
                     event.serial_tests == 1 ? "test" : "tests"));
  }
  if (!event.log_directory.empty()) line("logs: " + text::printable(event.log_directory));
}

void Text::on(const Tick& /*event*/, Seconds /*now*/) {}

std::string Text::status(Seconds now, std::size_t columns) const {
  std::string text = fmt::format("{} left", progress_.candidates_left);
  for (const auto& [word, count] : words_) text += fmt::format(" | {} {}", count, word);
  std::string ending;
  if (progress_.expected_left.count() > 0) {
    const Seconds left = progress_.expected_left - (now - progress_at_);
    ending = left.count() > 0 ? fmt::format(" | about {} left", duration(left)) : " | any moment";
  }
  const std::size_t room = columns > ending.size() + 1 ? columns - ending.size() - 1 : 0;
  std::size_t hidden = running_.size();
  const char* separator = " | ";
  for (const auto& [job, running] : running_) {
    constexpr std::size_t very_short_id = 7;
    constexpr std::size_t more_room = 5;
    const std::string probe =
        fmt::format("{}{} {:.0f}s", separator, running.commit.substr(0, very_short_id), (now - running.since).count());
    if (text.size() + probe.size() + (hidden > 1 ? more_room : 0) > room) break;
    text += probe;
    separator = ", ";
    --hidden;
  }
  if (hidden > 0) text += fmt::format(" +{}", hidden);
  text = text.substr(0, room);
  return text + ending;
}

void Text::line(const std::string& text) { live_.above(text); }

void Text::draw(Seconds now) {
  if (style_.live && !ended_) live_.draw(status(now, live_.columns()));
}

}  // namespace nmz::view
