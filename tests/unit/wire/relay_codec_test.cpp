// The relay's messages, against random values and hostile bytes. The framing is the one of
// codec_test.cpp; what is tested again here is that these lists of fields are right.
#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

#include "allocations.hpp"

namespace nmz::wire {
namespace {

class RandomRelayMessages {
 public:
  explicit RandomRelayMessages(unsigned seed) : random_{seed} {}

  RelayMessage of_type(std::size_t type) {
    switch (type) {
      case 0:
        return RelayHello{any<std::uint32_t>(), {bytes(), bytes()}, {bytes()}, bytes(), any<std::uint16_t>()};
      case 1:
        return ChannelReplay{channel(), any<std::uint32_t>()};
      case 2:
        return ChannelClose{channel()};
      case 3:
        return ChannelData{channel(), number(2) == 1, bytes()};
      case 4:
        return RelayReady{any<std::uint32_t>(), any<std::uint16_t>(), bytes()};
      case 5:
        return ChannelOpened{channel(), bytes(), any<std::uint32_t>(), bytes(), bytes()};
      case 6:
        return ChannelCredit{channel(), any<std::uint32_t>()};
      case 7:
        return ChannelClosed{channel(), bytes()};
      case 8:
        return TaskAdmitted{any<std::uint32_t>(), bytes()};
      default:
        return CallRefused{any<std::uint32_t>(), bytes()};
    }
  }
  RelayMessage next() { return of_type(number(std::variant_size_v<RelayMessage>)); }
  std::size_t number(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_); }
  std::string bytes() {
    const std::size_t longest = number(20) == 0 ? max_piece : 40;
    std::string result(number(longest + 1), '\0');
    std::ranges::generate(result, [this] { return static_cast<char>(number(256)); });
    return result;
  }

 private:
  template <class T>
  T any() {
    return std::uniform_int_distribution<T>{}(random_);
  }
  ChannelId channel() { return ChannelId{any<std::uint32_t>()}; }

  std::mt19937 random_;
};

std::string encoded(const RelayMessage& message) {
  std::string out;
  encode(message, out);
  return out;
}

std::string header(std::size_t size, std::size_t type) {
  std::string bytes;
  for (const unsigned shift : {0U, 8U, 16U, 24U}) {
    bytes.push_back(static_cast<char>(static_cast<std::uint8_t>(size >> shift)));
  }
  bytes.push_back(static_cast<char>(static_cast<std::uint8_t>(type)));
  return bytes;
}

TEST(RelayCodecTest, EveryTypeSurvivesTheRoundTripInAnySplit) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    RandomRelayMessages random{seed};
    std::vector<RelayMessage> sent;
    std::string stream;
    for (std::size_t type = 0; type < std::variant_size_v<RelayMessage>; ++type) {
      sent.push_back(random.of_type(type));
      ASSERT_EQ(sent.back().index(), type);
      encode(sent.back(), stream);
    }
    RelayDecoder decoder;
    std::vector<RelayMessage> received;
    for (std::string_view rest{stream}; !rest.empty();) {
      const std::size_t piece = std::min(1 + random.number(std::size_t{1} << random.number(18)), rest.size());
      decoder.feed(rest.substr(0, piece));
      rest.remove_prefix(piece);
      for (auto next = decoder.next(); next && *next; next = decoder.next()) {
        received.push_back(std::move(**next));
      }
    }
    EXPECT_EQ(received, sent) << "seed " << seed;
  }
}

TEST(RelayCodecTest, FramesAreThoseOfTheHeader) {
  EXPECT_EQ(encoded(ChannelReplay{ChannelId{0x0102}, 3}), header(8, 2) + std::string("\2\1\0\0\3\0\0\0", 8));
  EXPECT_EQ(encoded(ChannelData{ChannelId{1}, true, "ab"}), header(11, 4) + std::string("\1\0\0\0\1\2\0\0\0ab", 11));
}

TEST(RelayCodecTest, EveryTruncationWaitsAndEveryWrongLengthIsRejected) {
  RandomRelayMessages random{5};
  for (std::size_t type = 0; type < std::variant_size_v<RelayMessage>; ++type) {
    const std::string whole = encoded(random.of_type(type));
    for (std::size_t length = 0; length < whole.size(); length += 1 + length / 300) {
      RelayDecoder decoder;
      decoder.feed(std::string_view{whole}.substr(0, length));
      const auto next = decoder.next();
      ASSERT_TRUE(next.has_value()) << "type " << type << " cut at " << length;
      EXPECT_FALSE(next->has_value());
    }
    const std::string payload = whole.substr(header_size);
    RelayDecoder longer;
    longer.feed(header(payload.size() + 1, type + 1) + payload + 'x');
    EXPECT_FALSE(longer.next().has_value()) << "type " << type;
    RelayDecoder shorter;
    shorter.feed(header(payload.size() - 1, type + 1) + payload.substr(0, payload.size() - 1));
    EXPECT_FALSE(shorter.next().has_value()) << "type " << type;
  }
}

TEST(RelayCodecTest, HostileLengthsAreRejectedBeforeAnythingIsAllocated) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"type 0", header(0, 0)},
      {"type after the last", header(0, std::variant_size_v<RelayMessage> + 1)},
      {"frame", header(max_payload + 1, 4)},
      {"largest frame", header(0xffffffffU, 4)},
      {"data", header(9, 4) + std::string(5, '\0') + std::string(4, '\xff')},
      {"keep of 2", header(9, 4) + std::string(4, '\0') + '\2' + std::string(4, '\0')},
      {"tokens", header(14, 1) + std::string(4, '\0') + std::string(10, '\xff')},
  };
  for (const auto& [name, bytes] : cases) {
    RelayDecoder decoder;
    decoder.feed(bytes);
    largest_allocation = 0;
    const auto next = decoder.next();
    EXPECT_LT(largest_allocation, 4096U) << name;
    ASSERT_FALSE(next.has_value()) << name;
    EXPECT_EQ(next.error().kind, ErrorKind::rejected) << name;
    decoder.feed(encoded(ChannelClose{}));
    EXPECT_FALSE(decoder.next().has_value()) << name << ": an error is final";
  }
}

TEST(RelayCodecTest, GarbageNeitherCrashesNorAllocatesMuch) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    RandomRelayMessages random{seed};
    std::string bytes;
    if (random.number(2) == 0) {
      bytes = encoded(random.next());
      for (std::size_t changes = 1 + random.number(4); changes > 0; --changes) {
        bytes[random.number(std::min<std::size_t>(bytes.size(), 40))] = static_cast<char>(random.number(256));
      }
    } else {
      bytes = random.bytes();
    }
    largest_allocation = 0;
    RelayDecoder decoder;
    decoder.feed(bytes);
    for (auto next = decoder.next(); next && *next; next = decoder.next()) {
    }
    ASSERT_LT(largest_allocation, bytes.size() * 2 + 4096) << "seed " << seed;
  }
}

}  // namespace
}  // namespace nmz::wire
