#include "nmz/view/suite_json.hpp"

#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::view {
namespace {

using testing::HasSubstr;

boost::json::object parsed(const SuiteEvent& event) {
  return boost::json::parse(suite_json_line(event, Seconds{1.5})).as_object();
}

TEST(SuiteJsonTest, EveryLineNamesItsEventAndTime) {
  EXPECT_EQ(parsed(SuiteStarted{}).at("event"), "suite-started");
  EXPECT_EQ(parsed(WorkloadsListed{}).at("event"), "workloads-listed");
  EXPECT_EQ(parsed(WorkerReady{}).at("event"), "worker-ready");
  EXPECT_EQ(parsed(WorkloadStarted{}).at("event"), "workload-started");
  EXPECT_EQ(parsed(WorkloadDone{}).at("event"), "workload-done");
  EXPECT_EQ(parsed(WorkerGone{}).at("event"), "worker-gone");
  EXPECT_EQ(parsed(Notice{"x"}).at("event"), "notice");
  EXPECT_EQ(parsed(SuiteEnded{}).at("event"), "suite-ended");
  EXPECT_EQ(parsed(SuiteEnded{}).at("time"), 1.5);
  EXPECT_EQ(suite_json_line(Tick{}, Seconds{1}), "");
}

TEST(SuiteJsonTest, AResultIsAWord) {
  const auto word = [](WorkloadResult result) {
    WorkloadDone event;
    event.result = result;
    return std::string{parsed(event).at("result").as_string()};
  };
  EXPECT_EQ(word(WorkloadResult::passed), "passed");
  EXPECT_EQ(word(WorkloadResult::failed), "failed");
  EXPECT_EQ(word(WorkloadResult::timed_out), "timed-out");
  EXPECT_EQ(word(WorkloadResult::lost), "lost");
  EXPECT_EQ(word(WorkloadResult::retried), "retried");
  EXPECT_EQ(word(WorkloadResult::cancelled), "cancelled");
  EXPECT_EQ(word(WorkloadResult::late), "late");
}

TEST(SuiteJsonTest, TheEndHasTheCountsAndTheFailures) {
  SuiteEnded event;
  event.result = "failed";
  event.counts.passed = 3;
  event.counts.failed = 1;
  event.counts.not_run = 2;
  event.failures = {{"a", "exit 7", Seconds{2}, "/logs/a.log"}};
  event.phases = {{"listed", Seconds{0.5}}};
  event.exit_code = 1;
  const auto object = parsed(event);
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
}

TEST(SuiteJsonTest, IdsOfAnyBytesGiveValidJson) {
  WorkloadDone event;
  event.name = std::string{"quote \" backslash \\ latin1 \xE4 newline \n nul "} + '\0';
  const std::string line = suite_json_line(event, Seconds{0});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("name"), "quote \" backslash \\ latin1 \uFFFD newline \uFFFD nul \uFFFD");
}

TEST(SuiteJsonTest, NoLineIsACommandOfGitHubs) {
  WorkloadDone event;
  event.name = "##[error]x";
  const std::string line = suite_json_line(event, Seconds{0});
  EXPECT_EQ(line.find("##["), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("name"), "##[error]x");
}

TEST(SuiteJsonTest, EveryEventIsInTheFileAtOnce) {
  const support::TempDirectory directory{"json"};
  const std::string file = directory.path() / "events";
  auto json = SuiteJson::open(file);
  ASSERT_TRUE(json);
  (*json)->show(Notice{"one"}, Seconds{1});
  (*json)->show(Tick{}, Seconds{1});
  const std::string text = support::read_file(file);
  ASSERT_THAT(text, testing::EndsWith("}\n"));
  EXPECT_EQ(boost::json::parse(text).at("text"), "one");
  EXPECT_TRUE((*json)->close());
}

TEST(SuiteJsonTest, AFullDiskIsNoticed) {
  auto json = SuiteJson::open("/dev/full");
  ASSERT_TRUE(json);
  (*json)->show(Notice{"one"}, Seconds{1});
  EXPECT_FALSE((*json)->close());
}

TEST(SuiteJsonTest, AFileThatCannotBeWrittenIsNamed) {
  const auto opened = SuiteJson::open("/dev/null/events.json");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("/dev/null/events.json"));
}

}  // namespace
}  // namespace nmz::view
