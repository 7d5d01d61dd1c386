#include "frame_cutter.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::orchestrator {
namespace {

std::string frame_of(std::size_t size, char fill) {
  std::string bytes;
  wire::encode(wire::TreeData{std::string(size - wire::header_size - 4, fill)}, bytes);
  return bytes;
}

TEST(FrameCutterTest, WholeFramesWorthKeepingStandAlone) {
  const std::string small = frame_of(4095, 's');
  const std::string least = frame_of(4096, 'l');
  const std::string most = frame_of(wire::max_piece, 'm');
  const std::string huge = frame_of(wire::max_piece + 1, 'h');
  const std::string all = small + small + least + most + huge + least;
  FrameCutter cutter;
  std::vector<std::string> kept;
  std::string joined;
  for (const FrameCutter::Part& part : cutter.cut(all)) {
    joined += part.bytes;
    EXPECT_LE(part.bytes.size(), wire::max_piece);
    if (part.whole_frame) kept.emplace_back(part.bytes);
  }
  EXPECT_TRUE(joined == all);
  EXPECT_TRUE((kept == std::vector<std::string>{least, most, least}));
}

TEST(FrameCutterTest, AnySplitGivesTheSameBytesAndOnlyWholeFrames) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random{seed};
    const auto number = [&random](std::size_t below) { return random() % below; };
    std::vector<std::string> frames;
    std::string all;
    for (int i = 0; i < 30; ++i) {
      frames.push_back(frame_of(9 + number(number(5) == 0 ? 20'000 : 30), static_cast<char>(number(256))));
      all += frames.back();
    }
    FrameCutter cutter;
    std::string joined;
    const std::size_t longest = 1 + number(30'000);
    for (std::string_view rest{all}; !rest.empty();) {
      const std::size_t size = std::min(1 + number(longest), rest.size());
      for (const FrameCutter::Part& part : cutter.cut(rest.substr(0, size))) {
        joined += part.bytes;
        ASSERT_FALSE(part.bytes.empty());
        if (part.whole_frame) {
          ASSERT_NE(std::ranges::find(frames, part.bytes), frames.end()) << "seed " << seed;
        }
      }
      rest.remove_prefix(size);
    }
    ASSERT_TRUE(joined == all) << "seed " << seed;
  }
}

TEST(FrameCutterTest, WhatIsNoFramePassesUnchanged) {
  const std::string garbage(3 * wire::max_piece, '\xff');
  FrameCutter cutter;
  std::string joined;
  for (const FrameCutter::Part& part : cutter.cut(garbage)) {
    joined += part.bytes;
    EXPECT_FALSE(part.whole_frame);
  }
  EXPECT_TRUE(joined == garbage);
}

}  // namespace
}  // namespace nmz::orchestrator
