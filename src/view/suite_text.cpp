#include "nmz/view/suite_text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "nmz/text/utf8.hpp"

namespace nmz::view {
namespace {

constexpr const char* green = "\x1b[32m";
constexpr const char* red = "\x1b[31m";
constexpr const char* yellow = "\x1b[33m";
constexpr const char* dim = "\x1b[2m";

/// Many CI services end what says nothing for 10 minutes.
constexpr Seconds longest_silence{9 * 60};
constexpr std::size_t logs_shown = 20;
constexpr std::size_t log_tail = std::size_t{16} << 10;

const char* colour_of(WorkloadResult result) {
  switch (result) {
    case WorkloadResult::passed:
      return green;
    case WorkloadResult::failed:
    case WorkloadResult::timed_out:
      return red;
    case WorkloadResult::flaky:
    case WorkloadResult::lost:
      return yellow;
    default:
      return dim;
  }
}

bool is_verdict(WorkloadResult result) {
  return result == WorkloadResult::passed || result == WorkloadResult::failed || result == WorkloadResult::timed_out ||
         result == WorkloadResult::flaky || result == WorkloadResult::lost;
}

std::string plural(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// Where the time went; what rounds to nothing is left out.
std::string split_text(const TimeSplit& split) {
  std::string text = "time of the workers:";
  const char* separator = " ";
  const auto add = [&](const char* what, Seconds part) {
    const double percent = 100 * (part / split.total());
    if (percent < 0.5) return;
    text += fmt::format("{}{} {:.0f} %", separator, what, percent);
    separator = ", ";
  };
  add("work", split.work);
  add("start-up", split.start_up);
  add("dispatch", split.dispatch);
  add("imbalance", split.imbalance);
  add("retries", split.retries);
  add("idle", split.idle);
  return text;
}

/// The last bytes of a file, from the start of a line on; `cut`: whether something stands before them.
std::string tail_of(const std::string& path, bool& cut) {
  cut = false;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  if (std::fseek(file, -static_cast<long>(log_tail), SEEK_END) == 0) {
    cut = std::ftell(file) > 0;
  } else {
    std::rewind(file);
  }
  std::string bytes(log_tail, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  static_cast<void>(std::fclose(file));
  if (cut) bytes.erase(0, bytes.find('\n') + 1);
  return bytes;
}

}  // namespace

const char* word_of(WorkloadResult result) {
  switch (result) {
    case WorkloadResult::passed:
      return "passed";
    case WorkloadResult::failed:
      return "failed";
    case WorkloadResult::timed_out:
      return "timed-out";
    case WorkloadResult::flaky:
      return "flaky";
    case WorkloadResult::lost:
      return "lost";
    case WorkloadResult::retried:
      return "retried";
    case WorkloadResult::cancelled:
      return "cancelled";
    case WorkloadResult::late:
      return "late";
  }
  return "";
}

SuiteText::SuiteText(std::FILE* out, TextStyle style) : style_{style}, live_{out} {
  if (quiet()) style_.live = false;
}

void SuiteText::show(const SuiteEvent& event, Seconds now) {
  std::visit([&](const auto& what) { on(what, now); }, event);
  if (!style_.live || ended_) return;
  // More often nobody can see it, and the terminal would be what the run waits for.
  constexpr Seconds frame{0.05};
  if (live_.drawn() && now - drawn_at_ < frame) return;
  drawn_at_ = now;
  live_.draw(status(now, live_.columns()));
}

void SuiteText::line(const std::string& text, Seconds now) {
  last_line_ = now;
  live_.above(text);
}

std::string SuiteText::coloured(const std::string& text, const char* colour) const {
  return style_.colour ? colour + text + "\x1b[0m" : text;
}

void SuiteText::on(const SuiteStarted& event, Seconds now) {
  workers_ = event.workers;
  if (quiet()) return;
  line(fmt::format("{}: {}", plural(event.workers, "worker"), text::printable(event.where)), now);
  if (!event.log_directory.empty()) line("logs: " + text::printable(event.log_directory), now);
}

void SuiteText::on(const WorkloadsListed& event, Seconds now) {
  workloads_ = event.workloads * event.runs;
  repeated_ = event.repeated;
  bound_ = expected_left_ = event.bound;
  expected_at_ = now;
  if (quiet()) return;
  std::string text = plural(event.workloads, "workload");
  if (event.repeated) text += event.runs > 0 ? fmt::format(", each run {} times", event.runs) : ", again and again";
  if (event.chunks > 0) text += fmt::format(" in {}", plural(event.chunks, "chunk"));
  if (event.bound.count() > 0) text += fmt::format(", expected to take at least {}", duration(event.bound));
  line(text, now);
}

void SuiteText::on(const WorkerReady& event, Seconds now) {
  ++ready_;
  if (style_.verbosity != Verbosity::verbose) return;
  line(fmt::format("worker {} is ready on {}", static_cast<std::uint32_t>(event.worker), text::printable(event.node)),
       now);
}

void SuiteText::on(const WorkloadStarted& event, Seconds now) {
  running_[event.job] = {event.name, now, event.expected};
  if (style_.verbosity != Verbosity::verbose) return;
  line(fmt::format("worker {} runs {}{}", static_cast<std::uint32_t>(event.worker), text::printable(event.name),
                   event.attempt > 1 ? fmt::format(" (attempt {})", event.attempt) : ""),
       now);
}

void SuiteText::on(const WorkloadDone& event, Seconds now) {
  running_.erase(event.job);
  const bool verdict = is_verdict(event.result);
  if (verdict) {
    ++done_;
    if (event.result != WorkloadResult::passed && event.result != WorkloadResult::flaky) ++failed_;
    expected_left_ = event.expected_left;
    expected_at_ = now;
  }
  const bool passed = event.result == WorkloadResult::passed;
  const bool wanted =
      style_.verbosity == Verbosity::verbose ||
      (!quiet() && (verdict ? !(passed && (style_.live || repeated_)) : event.result == WorkloadResult::retried));
  if (!wanted) return;
  line(fmt::format("{} {} ({}{}{})", coloured(fmt::format("{:<9}", word_of(event.result)), colour_of(event.result)),
                   text::printable(event.name), duration(event.took), event.detail.empty() ? "" : ", ",
                   text::printable(event.detail)),
       now);
}

void SuiteText::on(const WorkerGone& event, Seconds now) {
  if (ready_ > 0) --ready_;
  if (quiet()) return;
  line(sentence(event), now);
}

void SuiteText::on(const Notice& event, Seconds now) {
  if (!quiet()) line(text::printable(event.text), now);
}

void SuiteText::on(const Tick& /*event*/, Seconds now) {
  if (style_.live || quiet() || now - last_line_ < longest_silence) return;
  const std::string total = workloads_ > 0 ? fmt::format(" of {}", workloads_) : "";
  line(fmt::format("after {}: {}{} done, {} running", duration(now), done_, total, running_.size()), now);
}

void SuiteText::print_log(const Failure& failure, Seconds now) {
  line(coloured(fmt::format("---- {} ({})", text::printable(failure.name), text::printable(failure.detail)), red), now);
  bool cut = false;
  const std::string tail = tail_of(failure.log, cut);
  if (cut) line("[...] the whole log: " + text::printable(failure.log), now);
  std::string shown = text::printable_lines(tail, style_.colour ? text::Colours::kept : text::Colours::removed);
  if (shown.ends_with('\n')) shown.pop_back();
  if (!shown.empty()) line(shown, now);
}

/// Where logs are not wanted, what failed is named all the same.
void SuiteText::name_failures(const std::vector<Failure>& failures, Seconds now) {
  for (const Failure& failure : failures) {
    line(fmt::format("{} {} ({}{}{})", coloured("failed   ", red), text::printable(failure.name),
                     text::printable(failure.detail), failure.log.empty() ? "" : "; ", text::printable(failure.log)),
         now);
  }
}

void SuiteText::on(const SuiteEnded& event, Seconds now) {
  ended_ = true;
  running_.clear();
  live_.erase();
  const std::size_t shown = quiet() ? 0 : std::min(event.failures.size(), logs_shown);
  for (std::size_t i = 0; i < shown; ++i) print_log(event.failures[i], now);
  if (quiet()) name_failures(event.failures, now);
  if (shown > 0) {
    line(coloured("----", red), now);
    if (shown < event.failures.size()) line(fmt::format("... and {} more", event.failures.size() - shown), now);
  }
  for (const std::string& text : hunt_lines(event.hunted, style_.verbosity == Verbosity::verbose)) line(text, now);
  for (const Failure& flaky : event.flaky) {
    line(fmt::format("{} {} ({}; {})", coloured("flaky    ", yellow), text::printable(flaky.name),
                     text::printable(flaky.detail), text::printable(flaky.log)),
         now);
  }
  for (std::size_t i = 0; i < event.earlier_failures.size() && !quiet(); ++i) {
    const Failure& failure = event.earlier_failures[i];
    line(fmt::format("{} {} ({})", coloured("failed   ", red), text::printable(failure.name),
                     text::printable(failure.detail)),
         now);
  }
  std::string text = fmt::format("{} of {} passed", event.counts.passed, event.counts.all());
  const auto add = [&text](std::size_t count, const char* what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(event.counts.failed, "failed");
  add(event.counts.timed_out, "timed out");
  add(event.counts.flaky, "flaky");
  add(event.counts.lost, "lost");
  add(event.counts.cancelled, "cancelled");
  add(event.counts.not_run, "not run");
  add(event.earlier_failures.size(), "failed before");
  text += fmt::format(" in {} with {}", duration(event.wall), plural(event.workers, "worker"));
  if (event.counts.all() > 0) line(coloured(text, event.exit_code == 0 ? green : red), now);
  if (quiet()) return;
  if (event.bound.count() > 0) {
    line(fmt::format("the workloads took {}; at least {} on {} (max of total/workers and the longest): {:.0f} %",
                     duration(event.makespan), duration(event.bound), plural(event.workers, "worker"),
                     event.makespan > event.bound ? 100 * (event.bound / event.makespan) : 100.0),
         now);
    if (event.split.total().count() > 0) line(split_text(event.split), now);
  }
  if (style_.verbosity == Verbosity::verbose) {
    for (const auto& [phase, at] : event.phases)
      line(fmt::format("{:>8.3f} s  {}", at.count(), text::printable(phase)), now);
  }
  if (!event.log_directory.empty()) line("logs: " + text::printable(event.log_directory), now);
}

/// "[####------] 4/10", where there is room for the bar.
std::string SuiteText::progress(std::size_t columns) const {
  constexpr std::size_t width = 10;
  constexpr std::size_t columns_for_bar = 70;
  if (workloads_ == 0 && repeated_) return fmt::format("[{}]", done_);
  if (workloads_ == 0) return fmt::format("{}/{} workers ready", ready_, workers_);
  if (columns < columns_for_bar) return fmt::format("[{}/{}]", done_, workloads_);
  const std::size_t filled = std::min(width, done_ * width / workloads_);
  return fmt::format("[{}{}] {}/{}", std::string(filled, '#'), std::string(width - filled, '-'), done_, workloads_);
}

std::string SuiteText::status(Seconds now, std::size_t columns) const {
  std::string text = progress(columns);
  if (failed_ > 0) text += fmt::format(" | {} failed", failed_);
  std::string ending;
  if (expected_left_.count() > 0) {
    const Seconds left = expected_left_ - (now - expected_at_);
    ending = left.count() > 0 ? fmt::format(" | about {} left", duration(left)) : " | any moment";
    constexpr std::size_t columns_for_bound = 100;
    if (columns >= columns_for_bound) ending += fmt::format(" (bound {})", duration(bound_));
  }
  const std::size_t room = columns > ending.size() + 1 ? columns - ending.size() - 1 : 0;
  std::size_t hidden = running_.size();
  const char* separator = " | ";
  for (const auto& [job, running] : running_) {
    constexpr std::size_t name_room = 24;
    constexpr std::size_t more_room = 5;
    std::string workload = fmt::format("{}{} {:.0f}", separator, text::printable(running.name).substr(0, name_room),
                                       (now - running.since).count());
    workload += running.expected.count() > 0 ? fmt::format("/{:.0f}s", running.expected.count()) : "s";
    if (text.size() + workload.size() + (hidden > 1 ? more_room : 0) > room) break;
    text += workload;
    separator = ", ";
    --hidden;
  }
  if (hidden > 0) text += fmt::format(" +{}", hidden);
  return text::valid_utf8(text.substr(0, room)) + ending;
}

}  // namespace nmz::view
