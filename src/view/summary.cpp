#include "nmz/view/summary.hpp"

#include <cmath>

#include <fmt/format.h>

#include "nmz/view/text.hpp"

namespace nmz::view {

std::string plural(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string rounds_of_tests(double rounds) {
  if (!(rounds > 0)) return "nothing left to test";
  return fmt::format("about {:.0f} {} of tests", std::ceil(rounds), rounds > 1 ? "rounds" : "round");
}

std::string counts_text(const events::RunEnded& event, const events::SearchResult& result) {
  const std::string known = result.known > 0 ? fmt::format(", {} known", plural(result.known, "verdict")) : "";
  return fmt::format("{} ({} good, {} bad, {} skipped){} in {} with {}", plural(result.tests, "test"), result.good,
                     result.bad, result.skip, known, duration(event.wall), plural(event.workers, "worker"));
}

std::string counts_text(const events::RunEnded& event, const events::SuiteResult& result) {
  std::string text = fmt::format("{} of {} passed", result.counts.passed, result.counts.all());
  const auto add = [&text](std::size_t count, const char* what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(result.counts.failed, "failed");
  add(result.counts.timed_out, "timed out");
  add(result.counts.skipped, "skipped");
  add(result.counts.flaky, "flaky");
  add(result.counts.lost, "lost");
  add(result.counts.cancelled, "cancelled");
  add(result.counts.not_run, "not run");
  add(result.earlier_failures.size(), "failed before");
  return text + fmt::format(" in {} with {}", duration(event.wall), plural(event.workers, "worker"));
}

std::string bound_text(const events::RunEnded& event, const events::SuiteResult& result) {
  return fmt::format("the workloads took {}; at least {} on {} (max of total/workers and the longest): {:.0f} %",
                     duration(result.makespan), duration(result.bound), plural(event.workers, "worker"),
                     result.makespan > result.bound ? 100 * (result.bound / result.makespan) : 100.0);
}

std::string split_text(const events::TimeSplit& split) {
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

}  // namespace nmz::view
