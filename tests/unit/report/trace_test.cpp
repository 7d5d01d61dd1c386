#include "nmz/report/trace.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executions.hpp"
#include "support/temp_directory.hpp"

namespace nmz::report {
namespace {

namespace json = boost::json;

class TraceTest : public testing::Test {
 protected:
  json::array write(const std::vector<Execution>& executions) {
    const auto file = temp_.path() / "trace.json";
    const auto written = write_trace(file, executions);
    if (!written) throw std::runtime_error{written.error().message};
    return json::parse(support::read_file(file)).at("traceEvents").as_array();
  }
  static std::vector<json::object> of_kind(const json::array& events, std::string_view kind) {
    std::vector<json::object> result;
    for (const auto& event : events) {
      if (event.at("ph").as_string() == kind) result.push_back(event.as_object());
    }
    return result;
  }
  /// True if no thread has two events at the same time.
  static void expect_no_overlap(const json::array& events) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> ends;
    for (const json::object& event : of_kind(events, "X")) {
      const auto begin = event.at("ts").as_int64();
      const auto length = event.at("dur").as_int64();
      auto& end = ends[{event.at("pid").as_int64(), event.at("tid").as_int64()}];
      ASSERT_GE(begin, end) << json::serialize(event);
      ASSERT_GE(length, 0);
      end = begin + length;
    }
  }

 private:
  support::TempDirectory temp_{"trace"};
};

TEST_F(TraceTest, ARunWithoutExecutionsIsAnEmptyTrace) { EXPECT_TRUE(write({}).empty()); }

TEST_F(TraceTest, AProcessIsANodeAndAThreadAWorker) {
  Execution first = execution("a", Verdict::passed);
  Execution second = execution("b", Verdict::failed, 2);
  second.node = "node-2";
  second.worker = 7;
  const json::array events = write({first, second});

  std::map<std::int64_t, std::string> nodes;
  std::map<std::int64_t, std::string> workers;
  for (const json::object& event : of_kind(events, "M")) {
    const bool process = event.at("name").as_string() == "process_name";
    auto& names = process ? nodes : workers;
    names[event.at(process ? "pid" : "tid").as_int64()] = event.at("args").at("name").as_string().c_str();
  }
  const auto complete = of_kind(events, "X");
  ASSERT_EQ(complete.size(), 2);
  EXPECT_EQ(nodes.at(complete[0].at("pid").as_int64()), "node-1");
  EXPECT_EQ(nodes.at(complete[1].at("pid").as_int64()), "node-2");
  EXPECT_EQ(workers.at(complete[1].at("tid").as_int64()), "worker 7");
  EXPECT_EQ(complete[1].at("name"), "b");
  EXPECT_EQ(complete[1].at("ts"), 20'000'000);
  EXPECT_EQ(complete[1].at("dur"), 1'500'000);
  EXPECT_EQ(complete[1].at("args").at("verdict"), "failed");
  EXPECT_EQ(complete[1].at("args").at("attempt"), 2);
}

TEST_F(TraceTest, WhatDidNotRunIsNotThere) { EXPECT_TRUE(write({execution("a", Verdict::not_run)}).empty()); }

TEST_F(TraceTest, AnEventEndsWhereTheNextOfItsWorkerBegins) {
  Execution lost = execution("lost", Verdict::lost);
  lost.start = Seconds{1};
  lost.took = Seconds{10};
  Execution next = execution("next", Verdict::passed);
  next.start = Seconds{3};
  const auto events = of_kind(write({next, lost}), "X");
  EXPECT_EQ(events[0].at("name"), "lost");
  EXPECT_EQ(events[0].at("dur"), 2'000'000);
  EXPECT_EQ(events[1].at("dur"), 1'500'000);
}

TEST_F(TraceTest, BackToBackExecutionsDoNotOverlapByRounding) {
  std::vector<Execution> executions;
  Seconds now{0};
  for (int i = 0; i < 10'000; ++i) {
    executions.push_back(execution("w", Verdict::passed));
    executions.back().start = now;
    executions.back().took = Seconds{0.001 / 3 + i * 1e-9};
    now += executions.back().took;
  }
  const json::array events = write(executions);
  expect_no_overlap(events);
  std::int64_t total = 0;
  for (const json::object& event : of_kind(events, "X")) total += event.at("dur").as_int64();
  EXPECT_NEAR(static_cast<double>(total), now.count() * 1e6, 1) << "nothing was cut";
}

TEST_F(TraceTest, AnyExecutionsGiveAValidTrace) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    std::vector<Execution> executions;
    for (int i = 0; i < 300; ++i) executions.push_back(random_execution(random));
    const json::array events = write(executions);
    expect_no_overlap(events);
    EXPECT_FALSE(of_kind(events, "X").empty());
  }
}

}  // namespace
}  // namespace nmz::report
