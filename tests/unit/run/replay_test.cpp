// A recorded run is shown again as it was shown when it happened.
#include "nmz/run/replay.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/events/json.hpp"
#include "nmz/logs/last_run.hpp"
#include "nmz/run/recording.hpp"
#include "nmz/view/text.hpp"

#include "pace.hpp"
#include "support/temp_directory.hpp"
#include "unit/events/random_events.hpp"
#include "unit/view/printed.hpp"

namespace nmz::run {
namespace {

using events::Kind;
using events::Seconds;
using testing::HasSubstr;
using view::Printed;
using view::Text;
using view::TextStyle;
using view::Verbosity;

class ReplayTest : public testing::TestWithParam<Kind> {
 protected:
  ReplayTest() { ::setenv("XDG_STATE_HOME", (temp_.path() / "state").c_str(), 1); }
  /// What a view prints of a replay.
  std::string replayed(TextStyle style, bool ended = true) {
    const Printed printed;
    std::unique_ptr<Text> text;
    const auto make = [&](Kind kind) -> events::Consumer& {
      EXPECT_EQ(kind, GetParam());
      text = std::make_unique<Text>(printed.file(), kind, style);
      return *text;
    };
    const auto shown = replay(temp_.path(), make);
    EXPECT_TRUE(shown) << shown.error().message;
    EXPECT_TRUE(shown && shown->ended == ended);
    return printed.text();
  }
  [[nodiscard]] std::string file() const { return temp_.path() / recording_name; }
  void record_a_run() {
    Recording recording{temp_.path(), GetParam(), "nmztest", ""};
    recording.show(events::RunStarted{}, Seconds{0});
    recording.show(events::Notice{"something"}, Seconds{1});
    recording.show(events::RunEnded{}, Seconds{2000});
    EXPECT_EQ(recording.close(), "");
  }

  support::TempDirectory temp_{"replay"};
};
INSTANTIATE_TEST_SUITE_P(OfBothKinds, ReplayTest, testing::Values(Kind::search, Kind::suite));

TEST_P(ReplayTest, PrintsWhatTheRunPrinted) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    events::Dice dice{seed, GetParam()};
    TextStyle style;
    style.verbosity = static_cast<Verbosity>(seed % 3);
    style.colour = seed % 2 == 0;
    const Printed printed;
    Text text{printed.file(), GetParam(), style};
    Recording recording{temp_.path(), GetParam(), "nmztest", ""};
    Seconds now{0};
    const auto show = [&](const events::Event& event) {
      if (events::json_line(event, GetParam(), now).empty()) return;  // of the other kind
      text.show(event, now);
      recording.show(event, now);
      now += Seconds{0.125};
    };
    show(dice.event<events::RunStarted>());
    for (std::uint64_t left = dice.number(60); left > 0; --left) {
      show(any_event(dice, dice.number(std::variant_size_v<events::Event> - 2)));
    }
    show(dice.event<events::RunEnded>());
    ASSERT_EQ(recording.close(), "");
    ASSERT_EQ(replayed(style), printed.text()) << "seed " << seed;
  }
}

TEST_P(ReplayTest, BreaksTheSameSilence) {
  record_a_run();
  EXPECT_THAT(replayed(TextStyle{}), HasSubstr("after 9 min 1 s: "));
}

TEST_P(ReplayTest, OfARunThatWasKilledShowsWhatThereIs) {
  record_a_run();
  const std::string all = support::read_file(file());
  support::write_file(file(), all.substr(0, all.size() - 1));
  EXPECT_THAT(replayed(TextStyle{}, false), HasSubstr("something\n"));
}

TEST_P(ReplayTest, WhatIsNoRecordingIsNamed) {
  events::Consumer* const none = nullptr;
  const auto make = [&](Kind) -> events::Consumer& { return *none; };
  EXPECT_THAT(replay(temp_.path(), make).error().message, HasSubstr("no recording"));
  support::write_file(file(), "");
  EXPECT_THAT(replay(temp_.path(), make).error().message, HasSubstr("no events"));
  support::write_file(file(), "x\n");
  EXPECT_THAT(replay(temp_.path(), make).error().message, HasSubstr("events.jsonl:1: "));
}

TEST_P(ReplayTest, ARunIsFoundByItsDirectoryItsNameAndAsTheLastOne) {
  record_a_run();
  EXPECT_EQ(find_run("last", "nmztest").value(), temp_.path());
  EXPECT_EQ(find_run(temp_.path(), "nmztest").value(), temp_.path());
  std::filesystem::create_directories(temp_.path() / "state/namazu-swarm/one");
  EXPECT_EQ(find_run("one", "nmztest").value(), temp_.path() / "state/namazu-swarm/one");
  EXPECT_THAT(find_run("last", "another").error().message, HasSubstr("no run of another is known"));
  for (const char* name : {"two", "", "../namazu-swarm/one"}) {
    EXPECT_THAT(find_run(name, "nmztest").error().message, HasSubstr("there is no run")) << name;
  }
}

TEST_P(ReplayTest, WhatCannotBeRecordedCostsANotice) {
  std::filesystem::create_directories(file());
  Recording recording{temp_.path(), GetParam(), "nmztest", ""};
  recording.show(events::RunStarted{}, Seconds{0});
  EXPECT_THAT(recording.close(), HasSubstr("this run cannot be shown again: cannot write"));
}

TEST_P(ReplayTest, WhereJsonNamesTheRecordingItIsWrittenOnce) {
  Recording recording{temp_.path(), GetParam(), "nmztest", temp_.path() / "." / recording_name};
  recording.show(events::RunStarted{}, Seconds{0});
  EXPECT_EQ(recording.close(), "");
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_P(ReplayTest, WhoeverWaitsIsToldTheTimesAndCanLeave) {
  record_a_run();
  const Printed printed;
  Text text{printed.file(), GetParam(), TextStyle{}};
  std::vector<double> times;
  const auto wait = [&times](Seconds until) {
    times.push_back(until.count());
    return until.count() < 10;
  };
  const auto shown = replay(
      temp_.path(), [&](Kind) -> events::Consumer& { return text; }, wait);
  ASSERT_TRUE(shown);
  EXPECT_TRUE(shown->stopped);
  EXPECT_FALSE(shown->ended);
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(times.back(), 10);
}

TEST(PaceTest, ASpeedIsANumberOrMax) {
  EXPECT_EQ(parse_speed("--speed", "max").value(), 0);
  EXPECT_EQ(parse_speed("--speed", "10").value(), 10);
  EXPECT_EQ(parse_speed("--speed", "0.5x").value(), 0.5);
  for (const char* const wrong : {"", "x", "0", "-1", "nan", "1e9", "10 "}) {
    EXPECT_THAT(parse_speed("--speed", wrong).error().message, HasSubstr("--speed needs max or a number")) << wrong;
  }
}

TEST(PaceTest, AHundredTimesAsFastTakesAHundredth) {
  Pace pace{100};
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(pace.wait(Seconds{10}, nullptr));
  EXPECT_TRUE(pace.wait(Seconds{20}, nullptr));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds{190});
  EXPECT_LT(took, std::chrono::seconds{10});
  Pace at_once{0};
  EXPECT_TRUE(at_once.wait(Seconds{1e6}, nullptr));
}

}  // namespace
}  // namespace nmz::run
