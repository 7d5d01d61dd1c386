#include "history_texts.hpp"

#include <chrono>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "nmz/output/local_time.hpp"
#include "nmz/report/rate.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/text.hpp"

namespace nmz::nmzswarm {
namespace json = boost::json;
namespace {

/// Of each list: a page is for people.
constexpr std::size_t most_shown = 20;

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json::string name_of(const std::string& bytes) { return json::string{text::printable(bytes)}; }

double since_1970(std::chrono::system_clock::time_point when) {
  return std::chrono::duration<double>(when.time_since_epoch()).count();
}

std::string more(std::size_t all) {
  return all > most_shown ? fmt::format("... and {} more (--format json has all)\n", all - most_shown) : "";
}

std::string flaky_text(const std::vector<Flaky>& flaky) {
  if (flaky.empty()) return {};
  std::string text = fmt::format("\nFlakiest\n{:>7}  {:>42}  WORKLOAD\n", "CHANGES", "FAILED");
  for (std::size_t i = 0; i < flaky.size() && i < most_shown; ++i) {
    text += fmt::format("{:>7}  {:>42}  {}\n", flaky[i].changes, report::rate_text(flaky[i].failures, flaky[i].runs),
                        text::printable(flaky[i].workload));
  }
  return text + more(flaky.size());
}

std::string slower_text(const std::vector<Slower>& slower) {
  if (slower.empty()) return {};
  std::string text =
      fmt::format("\nNewly slower\n{:>12}  {:>12}  {:>6}  {:>6}  WORKLOAD\n", "BEFORE", "NOW", "TIMES", "SURE");
  for (std::size_t i = 0; i < slower.size() && i < most_shown; ++i) {
    const Slower& one = slower[i];
    text +=
        fmt::format("{:>12}  {:>12}  {:>6.2f}  {:>5.1f}%  {}\n", view::duration(one.before), view::duration(one.now),
                    seconds(one.now) / seconds(one.before), 100 * one.sure, text::printable(one.workload));
  }
  return text + more(slower.size());
}

std::string places_text(const char* title, const char* what, const std::vector<Place>& places) {
  if (places.empty()) return {};
  std::string text = fmt::format("\n{}\n{:>9}  {:>9}  {:>6}  {}\n", title, "RUNS", "FAILED", "PACE", what);
  for (const Place& one : places) {
    text += fmt::format("{:>9}  {:>9}  {:>6.2f}  {}\n", one.runs, one.failures, one.pace, text::printable(one.name));
  }
  return text;
}

json::array places_json(const std::vector<Place>& places) {
  json::array all;
  for (const Place& one : places) {
    all.push_back(
        json::object{{"name", name_of(one.name)}, {"runs", one.runs}, {"failures", one.failures}, {"pace", one.pace}});
  }
  return all;
}

json::object workload_json(const history::WorkloadSummary& one) {
  return {{"workload", name_of(one.workload)},
          {"expected", seconds(one.expectation.mean)},
          {"deviation", seconds(one.expectation.deviation)},
          {"runs", one.expectation.runs},
          {"failures", one.expectation.failures},
          {"last", since_1970(one.last)}};
}

}  // namespace

std::string suites_text(const std::vector<history::SuiteSummary>& suites) {
  std::string text;
  if (!suites.empty()) {
    text += fmt::format("{:>9}  {:>9}  {:>12}  {:16}  SUITE\n", "WORKLOADS", "RUNS", "TOGETHER", "LAST");
  }
  for (const history::SuiteSummary& one : suites) {
    text += fmt::format("{:>9}  {:>9}  {:>12}  {:16}  {}\n", one.workloads, one.runs, view::duration(one.total),
                        output::local_minute(one.last), text::printable(one.suite));
  }
  return text;
}

std::string suites_json(const std::vector<history::SuiteSummary>& suites) {
  json::array all;
  for (const history::SuiteSummary& one : suites) {
    all.push_back(json::object{{"suite", name_of(one.suite)},
                               {"workloads", one.workloads},
                               {"runs", one.runs},
                               {"together", seconds(one.total)},
                               {"last", since_1970(one.last)}});
  }
  return json::serialize(json::object{{"suites", std::move(all)}}) + "\n";
}

std::string suite_text(const std::vector<history::WorkloadSummary>& workloads, const Trends& trends) {
  std::string text =
      fmt::format("{:>12}  {:>12}  {:>7}  {:>7}  {:16}  WORKLOAD\n", "EXPECTED", "DEVIATION", "RUNS", "FAILED", "LAST");
  for (const history::WorkloadSummary& one : workloads) {
    text += fmt::format("{:>12}  {:>12}  {:>7}  {:>7}  {:16}  {}\n", view::duration(one.expectation.mean),
                        view::duration(one.expectation.deviation), one.expectation.runs, one.expectation.failures,
                        output::local_minute(one.last), text::printable(one.workload));
  }
  return text + flaky_text(trends.flaky) + slower_text(trends.slower) +
         places_text("By node (pace: 2 takes twice as long)", "NODE", trends.nodes) +
         places_text("By runner", "RUNNER", trends.runners);
}

std::string suite_json(const std::string& suite, const std::vector<history::WorkloadSummary>& workloads,
                       const Trends& trends) {
  json::array slowest;
  for (const history::WorkloadSummary& one : workloads) slowest.push_back(workload_json(one));
  json::array flakiest;
  for (const Flaky& one : trends.flaky) {
    const report::Interval rate = report::wilson_interval(one.failures, one.runs);
    flakiest.push_back(json::object{{"workload", name_of(one.workload)},
                                    {"runs", one.runs},
                                    {"failures", one.failures},
                                    {"changes", one.changes},
                                    {"low", rate.low},
                                    {"high", rate.high}});
  }
  json::array slower;
  for (const Slower& one : trends.slower) {
    slower.push_back(json::object{{"workload", name_of(one.workload)},
                                  {"before", seconds(one.before)},
                                  {"now", seconds(one.now)},
                                  {"sure", one.sure}});
  }
  return json::serialize(json::object{{"suite", name_of(suite)},
                                      {"workloads", std::move(slowest)},
                                      {"flakiest", std::move(flakiest)},
                                      {"newly_slower", std::move(slower)},
                                      {"nodes", places_json(trends.nodes)},
                                      {"runners", places_json(trends.runners)}}) +
         "\n";
}

}  // namespace nmz::nmzswarm
