#include "nmz/view/json_lines.hpp"

#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::view {
namespace {

boost::json::object parsed(const Event& event) {
  return boost::json::parse(json_line(event, Seconds{1.5})).as_object();
}

TEST(JsonLinesTest, EveryLineNamesItsEventAndTime) {
  JobDone event;
  event.worker = job::WorkerId{3};
  event.word = "bad";
  event.took = Seconds{2};
  const auto object = parsed(event);
  EXPECT_EQ(object.at("event"), "job-done");
  EXPECT_EQ(object.at("time"), 1.5);
  EXPECT_EQ(object.at("worker"), 3);
  EXPECT_EQ(object.at("verdict"), "bad");
  EXPECT_EQ(object.at("took"), 2.0);
}

TEST(JsonLinesTest, TheEndNamesTheSuspectsWithTheirShares) {
  SearchEnded event;
  event.result = "only-skipped";
  event.suspects = {{.commit = "aa", .subject = "first", .share = 0.25},
                    {.commit = "bb", .subject = "", .share = 0.75}};
  event.exit_code = 2;
  const auto object = parsed(event);
  EXPECT_EQ(object.at("exit_code"), 2);
  ASSERT_EQ(object.at("suspects").as_array().size(), 2);
  EXPECT_EQ(object.at("suspects").as_array()[1].at("share"), 0.75);
}

TEST(JsonLinesTest, SubjectsOfAnyBytesGiveValidJson) {
  JobDone event;
  event.subject = "quote \" backslash \\ latin1 \xE4 newline \n";
  const std::string line = json_line(event, Seconds{0});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("subject"), "quote \" backslash \\ latin1 \uFFFD newline \uFFFD");
}

TEST(JsonLinesTest, NoLineIsACommandOfGitHubs) {
  JobDone event;
  event.subject = "##[error]x";
  const std::string line = json_line(event, Seconds{0});
  EXPECT_EQ(line.find("##["), std::string::npos);
  EXPECT_EQ(boost::json::parse(line).at("subject"), "##[error]x");
}

TEST(JsonLinesTest, TicksAreNoEvents) { EXPECT_EQ(json_line(Tick{}, Seconds{1}), ""); }

TEST(JsonLinesTest, AFileThatCannotBeWrittenIsNamed) {
  const auto opened = JsonLines::open("/dev/null/events.json");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("/dev/null/events.json"));
}

}  // namespace
}  // namespace nmz::view
