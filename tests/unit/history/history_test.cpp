// What a history remembers, in one process.
#include "nmz/history/history.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::history {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

constexpr Time monday{std::chrono::seconds{1'700'000'000}};
constexpr Time tuesday = monday + 24h;

Observation seen(std::string workload, std::chrono::nanoseconds took, bool passed = true) {
  Observation observation;
  observation.workload = std::move(workload);
  observation.took = took;
  observation.passed = passed;
  return observation;
}

class HistoryTest : public testing::Test {
 protected:
  History open() {
    auto opened = History::open(file());
    if (!opened) throw std::runtime_error{opened.error().message};
    return std::move(*opened);
  }
  [[nodiscard]] std::filesystem::path file() const { return temp_.path() / "history.db"; }

  static void record(History& history, const std::string& suite, const std::vector<Observation>& observations,
                     Time when = monday) {
    const auto recorded = history.record(suite, observations, when);
    ASSERT_TRUE(recorded) << recorded.error().message;
  }
  static std::vector<std::optional<Expectation>> expect(History& history, const std::string& suite,
                                                        const std::vector<std::string>& workloads) {
    auto expected = history.expect(suite, workloads);
    if (!expected) throw std::runtime_error{expected.error().message};
    return std::move(*expected);
  }

 private:
  support::TempDirectory temp_{"history"};
};

TEST_F(HistoryTest, AnswersInTheOrderOfTheQuestion) {
  History history = open();
  record(history, "suite", {seen("a", 1s), seen("b", 2s)});
  const auto expected = expect(history, "suite", {"b", "never seen", "a", "b"});
  ASSERT_EQ(expected.size(), 4);
  ASSERT_TRUE(expected[0] && expected[2] && expected[3]);
  EXPECT_EQ(expected[0]->mean, 2s);
  EXPECT_FALSE(expected[1]);
  EXPECT_EQ(expected[2]->mean, 1s);
  EXPECT_EQ(expected[3]->mean, 2s);
}

TEST_F(HistoryTest, IsStillThereForTheNextProgram) {
  {
    History first = open();
    record(first, "suite", {seen("a", 1s)});
  }
  History second = open();
  record(second, "suite", {seen("a", 2s, false)}, tuesday);
  const auto expected = expect(second, "suite", {"a"});
  ASSERT_TRUE(expected[0]);
  EXPECT_EQ(expected[0]->mean, 1300ms);
  EXPECT_NEAR(static_cast<double>(expected[0]->deviation.count()), std::sqrt(0.21) * 1e9, 1);
  EXPECT_EQ(expected[0]->runs, 2);
  EXPECT_EQ(expected[0]->failures, 1);
}

TEST_F(HistoryTest, SuitesDoNotShareTheirWorkloads) {
  History history = open();
  record(history, "first", {seen("a", 1s)});
  EXPECT_FALSE(expect(history, "second", {"a"})[0]);
}

TEST_F(HistoryTest, NamesAreBytes) {
  using namespace std::string_literals;
  const std::vector<std::string> names{
      "", "a", "A", "\0"s, "\0\0"s, "a\0b"s, "\xFF\xFE", "\u00E9", "e\u0301", " a ", "'; DROP TABLE suite; --"};
  History history = open();
  std::vector<Observation> observations;
  for (std::size_t i = 0; i < names.size(); ++i) observations.push_back(seen(names[i], std::chrono::seconds{i + 1}));
  for (const std::string& suite : names) record(history, suite, observations);
  for (const std::string& suite : names) {
    const auto expected = expect(history, suite, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      ASSERT_TRUE(expected[i]) << i;
      EXPECT_EQ(expected[i]->mean, std::chrono::seconds{i + 1});
      EXPECT_EQ(expected[i]->runs, 1);
    }
  }
  EXPECT_EQ(history.suites()->size(), names.size());
}

TEST_F(HistoryTest, AWorkloadThatIsThereTwiceRanTwice) {
  History history = open();
  record(history, "suite", {seen("a", 1s, false), seen("a", 2s)});
  const auto expected = expect(history, "suite", {"a"});
  EXPECT_EQ(expected[0]->runs, 2);
  EXPECT_EQ(expected[0]->failures, 1);
  EXPECT_EQ(expected[0]->mean, 1300ms);
}

TEST_F(HistoryTest, SummariesNameSuitesAndTheLongestWorkloadsFirst) {
  History history = open();
  record(history, "b", {seen("short", 1s), seen("long", 5s), seen("failing", 2s, false)}, monday);
  record(history, "b", {seen("short", 1s)}, tuesday);
  record(history, "a", {seen("only", 3s)}, monday);

  const auto suites = history.suites();
  ASSERT_TRUE(suites);
  ASSERT_EQ(suites->size(), 2);
  EXPECT_EQ((*suites)[0].suite, "a");
  EXPECT_EQ((*suites)[1].suite, "b");
  EXPECT_EQ((*suites)[1].workloads, 3);
  EXPECT_EQ((*suites)[1].runs, 4);
  EXPECT_EQ((*suites)[1].total, 8s);
  EXPECT_EQ((*suites)[1].last, tuesday);

  const auto workloads = history.workloads("b");
  ASSERT_TRUE(workloads);
  ASSERT_EQ(workloads->size(), 3);
  EXPECT_EQ((*workloads)[0].workload, "long");
  EXPECT_EQ((*workloads)[0].last, monday);
  EXPECT_EQ((*workloads)[1].expectation.failures, 1);
  EXPECT_EQ((*workloads)[2].workload, "short");
  EXPECT_EQ((*workloads)[2].last, tuesday);
  EXPECT_TRUE(history.workloads("no such suite")->empty());
}

TEST_F(HistoryTest, ARunThatIsToldLateDoesNotSetTheClockBack) {
  History history = open();
  record(history, "suite", {seen("a", 1s)}, tuesday);
  record(history, "suite", {seen("a", 1s)}, monday);
  EXPECT_EQ(history.workloads("suite")->at(0).last, tuesday);
}

TEST_F(HistoryTest, PruneForgetsWhatFitsAllOfTheRequest) {
  History history = open();
  for (const char* suite : {"x", "y"}) {
    record(history, suite, {seen("old", 1s)}, monday);
    record(history, suite, {seen("new", 1s)}, tuesday);
  }
  PruneRequest request;
  request.suite = "x";
  request.before = tuesday;
  EXPECT_EQ(history.prune(request).value(), 1);
  EXPECT_FALSE(expect(history, "x", {"old"})[0]);
  EXPECT_TRUE(expect(history, "x", {"new"})[0]);
  EXPECT_TRUE(expect(history, "y", {"old"})[0]);

  request.before.reset();
  EXPECT_EQ(history.prune(request).value(), 1);
  ASSERT_EQ(history.suites()->size(), 1);
  EXPECT_EQ(history.suites()->at(0).suite, "y");
  EXPECT_EQ(history.prune(PruneRequest{}).value(), 2);
  EXPECT_TRUE(history.suites()->empty());
}

TEST_F(HistoryTest, AHundredThousandWorkloads) {
  constexpr std::size_t count = 100'000;
  std::vector<Observation> observations;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("tests/integration/module-" + std::to_string(i * 7919 % count) + "/test.sh");
    observations.push_back(seen(names.back(), std::chrono::milliseconds{i}));
  }
  History history = open();
  const auto measured = [](const char* what, auto&& action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    testing::Test::RecordProperty(what, std::to_string(took.count()));
    std::printf("%s: %.3f s\n", what, took.count());
    return took.count();
  };
  // A history that is quadratic in its workloads needs an hour. A release build on an idle machine needs 2 s for the
  // first; a sanitizer's build beside other tests has needed 11 s.
  EXPECT_LT(measured("first_record", [&] { record(history, "suite", observations); }), 60);
  EXPECT_LT(measured("second_record", [&] { record(history, "suite", observations, tuesday); }), 60);
  EXPECT_LT(measured("expect", [&] { EXPECT_TRUE(expect(history, "suite", names).back()); }), 30);
  EXPECT_LT(measured("suites", [&] { EXPECT_EQ(history.suites()->at(0).workloads, count); }), 30);
  EXPECT_LT(measured("workloads", [&] { EXPECT_EQ(history.workloads("suite")->size(), count); }), 30);
}

}  // namespace
}  // namespace nmz::history
