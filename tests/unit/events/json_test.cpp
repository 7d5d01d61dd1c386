// What is written is what is read back, for every event with any members.
#include "nmz/events/json.hpp"

#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/text/utf8.hpp"

#include "fields.hpp"
#include "random_events.hpp"

namespace nmz::events {
namespace {

/// What every view makes of the texts before it shows them; of numbers, what is told of them.
struct MakePrintable {
  Kind kind;
  void operator()(double& value) const { value = std::abs(value) < 1e6 ? std::round(value * 1e9) / 1e9 : value; }
  void operator()(Seconds& value) const { value = Seconds{std::round(value.count() * 1e6) / 1e6}; }
  void operator()(std::string& value) const { value = text::printable(value); }
  template <class T>
  void operator()(std::vector<T>& values) const {
    for (T& value : values) (*this)(value);
  }
  template <class T>
  void operator()(T& value) const {
    if constexpr (requires { fields(value); }) {
      const auto one = [this](auto& field) {
        if constexpr (std::is_same_v<decltype(field.value), std::string&>) {
          if (field.lines) {
            field.value = text::printable_lines(field.value, text::Colours::removed);
            return;
          }
        }
        (*this)(field.value);
      };
      std::apply([&](auto&&... field) { (one(field), ...); }, fields(value));
    }
  }
};

class EventsTest : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(OfBothKinds, EventsTest, testing::Values(Kind::search, Kind::suite));

TEST_P(EventsTest, WhatIsWrittenIsReadBack) {
  std::size_t read = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Dice dice{seed, GetParam()};
    Event event = any_event(dice, seed % std::variant_size_v<Event>);
    const Seconds time{static_cast<double>(dice.number(1000000000)) / 1e6};
    const std::string line = json_line(event, GetParam(), time);
    if (line.empty()) continue;
    ++read;
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto recorded = read_json_line(line, GetParam());
    ASSERT_TRUE(recorded) << "seed " << seed << ": " << recorded.error().message;
    ASSERT_TRUE(*recorded) << "seed " << seed << ": " << line;
    EXPECT_EQ((*recorded)->time, time) << "seed " << seed;
    std::visit(MakePrintable{GetParam()}, event);
    EXPECT_TRUE((*recorded)->event == event) << "seed " << seed << ": " << line << "\n"
                                             << json_line((*recorded)->event, GetParam(), time);
    EXPECT_EQ(json_line((*recorded)->event, GetParam(), time), line);
  }
  EXPECT_GT(read, 2000U);
}

TEST_P(EventsTest, NoPrefixOfALineIsALine) {
  Dice dice{7, GetParam()};
  const std::string line = json_line(dice.event<RunEnded>(), GetParam(), Seconds{1});
  for (std::size_t size = 0; size < line.size(); ++size) EXPECT_FALSE(read_json_line(line.substr(0, size), GetParam()));
}

TEST_P(EventsTest, AMemberOfAnotherTypeIsRefused) {
  for (const char* line :
       {R"({"event":"notice","text":1,"time":1})", R"({"event":"notice","text":"x"})", "[]", "", "1",
        R"({"event":1,"time":1})", R"({"event":"worker-ready","worker":-1,"node":"","time":1})",
        R"({"event":"worker-gone","worker":4294967296,"time":1})", R"({"event":"notice","text":"x","time":1e309})"}) {
    EXPECT_FALSE(read_json_line(line, GetParam())) << line;
  }
}

TEST_P(EventsTest, WhatIsInfiniteIsWrittenAsTheLargestNumber) {
  const auto recorded = read_json_line(json_line(Notice{"x"}, GetParam(), Seconds{INFINITY}), GetParam());
  ASSERT_TRUE(recorded && *recorded);
  EXPECT_GT((*recorded)->time.count(), 1e308);
}

TEST_P(EventsTest, WhatALaterVersionAddsIsPassedOver) {
  const auto unknown = read_json_line(R"({"event":"moon-phase","time":1})", GetParam());
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
  const auto more = read_json_line(R"({"event":"notice","text":"x","colour":[1],"time":2})", GetParam());
  ASSERT_TRUE(more && *more);
  EXPECT_EQ((*more)->event, Event{Notice{"x"}});
  const auto less = read_json_line(R"({"event":"worker-ready","time":2})", GetParam());
  ASSERT_TRUE(less && *less);
  EXPECT_EQ((*less)->event, Event{WorkerReady{}});
}

TEST_P(EventsTest, TicksAndOutputAreNoPartOfIt) {
  EXPECT_EQ(json_line(Tick{}, GetParam(), Seconds{1}), "");
  EXPECT_EQ(json_line(Output{job::JobId{1}, "x"}, GetParam(), Seconds{1}), "");
}

TEST(EventsJsonTest, TheFirstLineTellsTheKind) {
  EXPECT_EQ(kind_of(json_line(RunStarted{}, Kind::search, Seconds{0})).value(), Kind::search);
  EXPECT_EQ(kind_of(json_line(SearchPlanned{}, Kind::search, Seconds{0})).value(), Kind::search);
  EXPECT_EQ(kind_of(json_line(RunStarted{}, Kind::suite, Seconds{0})).value(), Kind::suite);
  EXPECT_FALSE(kind_of(json_line(Notice{"x"}, Kind::suite, Seconds{0})));
  EXPECT_FALSE(kind_of("x"));
}

boost::json::object parsed(const Event& event, Kind kind) {
  return boost::json::parse(json_line(event, kind, Seconds{1.5})).as_object();
}

// ---- the names that scripts know

TEST(EventsJsonTest, EveryLineNamesItsEventAndTime) {
  JobEnded event;
  event.worker = job::WorkerId{3};
  event.item = "abc";
  event.word = "slow";
  event.mark = Mark::failed;
  event.took = Seconds{2};
  const auto search = parsed(event, Kind::search);
  EXPECT_EQ(search.at("event"), "job-done");
  EXPECT_EQ(search.at("time"), 1.5);
  EXPECT_EQ(search.at("worker"), 3);
  EXPECT_EQ(search.at("commit"), "abc");
  EXPECT_EQ(search.at("verdict"), "slow");
  EXPECT_EQ(search.at("took"), 2.0);
  const auto suite = parsed(event, Kind::suite);
  EXPECT_EQ(suite.at("event"), "workload-done");
  EXPECT_EQ(suite.at("name"), "abc");
  EXPECT_EQ(suite.at("result"), "failed");
  EXPECT_FALSE(suite.contains("verdict"));
}

TEST(EventsJsonTest, EventsHaveTheirNames) {
  EXPECT_EQ(parsed(RunStarted{}, Kind::search).at("event"), "search-started");
  EXPECT_EQ(parsed(PhaseStarted{}, Kind::search).at("event"), "job-started");
  EXPECT_EQ(parsed(Progress{}, Kind::search).at("event"), "progress");
  EXPECT_EQ(parsed(RunEnded{}, Kind::search).at("event"), "search-ended");
  EXPECT_EQ(parsed(RunStarted{}, Kind::suite).at("event"), "suite-started");
  EXPECT_EQ(parsed(WorkloadsListed{}, Kind::suite).at("event"), "workloads-listed");
  EXPECT_EQ(parsed(WorkerReady{}, Kind::suite).at("event"), "worker-ready");
  EXPECT_EQ(parsed(PhaseStarted{}, Kind::suite).at("event"), "workload-started");
  EXPECT_EQ(parsed(WorkerGone{}, Kind::suite).at("event"), "worker-gone");
  EXPECT_EQ(parsed(Notice{"x"}, Kind::suite).at("event"), "notice");
  EXPECT_EQ(parsed(RunEnded{}, Kind::suite).at("event"), "suite-ended");
}

TEST(EventsJsonTest, AResultIsAWord) {
  const auto word = [](Mark mark) {
    JobEnded event;
    event.mark = mark;
    return std::string{parsed(event, Kind::suite).at("result").as_string()};
  };
  EXPECT_EQ(word(Mark::passed), "passed");
  EXPECT_EQ(word(Mark::failed), "failed");
  EXPECT_EQ(word(Mark::timed_out), "timed-out");
  EXPECT_EQ(word(Mark::flaky), "flaky");
  EXPECT_EQ(word(Mark::lost), "lost");
  EXPECT_EQ(word(Mark::retried), "retried");
  EXPECT_EQ(word(Mark::cancelled), "cancelled");
  EXPECT_EQ(word(Mark::late), "late");
  EXPECT_EQ(word(Mark::repeated), "repeated");
}

TEST(EventsJsonTest, ASearchsEndNamesTheSuspectsWithTheirShares) {
  RunEnded event;
  event.result = "only-skipped";
  event.search.suspects = {{"aa", "first", 0.25}, {"bb", "", 0.75}};
  event.search.answer = "one\n\ttwo\x1b[2J\n";
  event.exit_code = 2;
  const auto object = parsed(event, Kind::search);
  EXPECT_EQ(object.at("exit_code"), 2);
  ASSERT_EQ(object.at("suspects").as_array().size(), 2);
  EXPECT_EQ(object.at("suspects").as_array()[1].at("share"), 0.75);
  EXPECT_EQ(object.at("answer"), "one\n\ttwo\n");
  EXPECT_FALSE(object.contains("failures"));
}

TEST(EventsJsonTest, ASuitesEndHasTheCountsAndTheFailures) {
  RunEnded event;
  event.result = "failed";
  event.suite.counts.passed = 3;
  event.suite.counts.failed = 1;
  event.suite.counts.not_run = 2;
  event.suite.failures = {{"a", "exit 7", Seconds{2}, "/logs/a.log"}};
  event.suite.phases = {{"listed", Seconds{0.5}}};
  event.exit_code = 1;
  const auto object = parsed(event, Kind::suite);
  EXPECT_EQ(object.at("result"), "failed");
  EXPECT_EQ(object.at("passed"), 3);
  EXPECT_EQ(object.at("failed"), 1);
  EXPECT_EQ(object.at("not_run"), 2);
  EXPECT_EQ(object.at("exit_code"), 1);
  const auto& failure = object.at("failures").as_array().at(0).as_object();
  EXPECT_EQ(failure.at("name"), "a");
  EXPECT_EQ(failure.at("detail"), "exit 7");
  EXPECT_EQ(failure.at("log"), "/logs/a.log");
  EXPECT_EQ(object.at("phases").as_array().at(0).at("at"), 0.5);
  EXPECT_FALSE(object.contains("suspects"));
}

TEST(EventsJsonTest, TextsOfAnyBytesGiveValidJson) {
  JobEnded event;
  event.item = std::string{"quote \" backslash \\ latin1 \xE4 newline \n nul "} + '\0';
  const std::string line = json_line(event, Kind::suite, Seconds{0});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("name"), "quote \" backslash \\ latin1 \uFFFD newline \uFFFD nul \uFFFD");
}

TEST(EventsJsonTest, NoLineIsACommandOfGitHubs) {
  JobEnded event;
  event.item = "##[error]x";
  const std::string line = json_line(event, Kind::suite, Seconds{0});
  EXPECT_EQ(line.find("##["), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("name"), "##[error]x");
}

}  // namespace
}  // namespace nmz::events
