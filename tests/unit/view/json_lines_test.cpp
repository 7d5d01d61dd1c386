#include "nmz/view/json_lines.hpp"

#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::view {
namespace {

using events::Kind;
using events::Notice;
using events::Seconds;
using events::Tick;

TEST(JsonLinesTest, EveryEventIsInTheFileAtOnce) {
  const support::TempDirectory directory{"json"};
  const std::string file = directory.path() / "events";
  auto json = JsonLines::open(file, Kind::suite);
  ASSERT_TRUE(json);
  (*json)->show(Notice{"one"}, Seconds{1});
  (*json)->show(Tick{}, Seconds{1});
  const std::string text = support::read_file(file);
  ASSERT_THAT(text, testing::EndsWith("}\n"));
  EXPECT_EQ(boost::json::parse(text).at("text"), "one");
  EXPECT_TRUE((*json)->close());
}

TEST(JsonLinesTest, OfARecordingTheyAreInTheFileWithTheNextTick) {
  const support::TempDirectory directory{"json"};
  const std::string file = directory.path() / "events";
  auto json = JsonLines::open(file, Kind::search, JsonLines::Pace::recorded);
  ASSERT_TRUE(json);
  (*json)->show(Notice{"one"}, Seconds{1});
  (*json)->show(Tick{}, Seconds{1});
  EXPECT_THAT(support::read_file(file), testing::HasSubstr("\"one\""));
  (*json)->show(Notice{"two"}, Seconds{1});
  EXPECT_TRUE((*json)->close());
  EXPECT_THAT(support::read_file(file), testing::HasSubstr("\"two\""));
}

TEST(JsonLinesTest, AFullDiskIsNoticed) {
  for (const auto pace : {JsonLines::Pace::followed, JsonLines::Pace::recorded}) {
    auto json = JsonLines::open("/dev/full", Kind::suite, pace);
    ASSERT_TRUE(json);
    (*json)->show(Notice{"one"}, Seconds{1});
    EXPECT_FALSE((*json)->close());
  }
}

TEST(JsonLinesTest, AFileThatCannotBeWrittenIsNamed) {
  const auto opened = JsonLines::open("/dev/null/events.json", Kind::search);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("/dev/null/events.json"));
}

}  // namespace
}  // namespace nmz::view
