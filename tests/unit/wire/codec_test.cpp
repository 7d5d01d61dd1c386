// The codec against random messages and against hostile bytes.
//
// The allocation bound is checked for real (allocations.hpp). Seeds are fixed and printed on failure, so that a failure
// can be repeated.
#include "nmz/wire/codec.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "allocations.hpp"

namespace nmz::wire {
namespace {

class RandomMessages {
 public:
  explicit RandomMessages(unsigned seed) : random_{seed} {}

  Message next() { return of_type(number(std::variant_size_v<Message>)); }

  Message of_type(std::size_t type) {
    switch (type) {
      case 0:
        return Hello{
            any<std::uint32_t>(), job::WorkerId{any<std::uint32_t>()}, bytes(), milliseconds(), flip(), flip()};
      case 1:
        return TreeBegin{flip(), flip()};
      case 2:
        return TreeRemove{bytes()};
      case 3:
        return TreeFile{bytes(), FileMode{static_cast<std::uint8_t>(number(3))}, any<std::uint64_t>(), flip(), flip()};
      case 4:
        return TreeData{bytes()};
      case 5:
        return TreeDirectory{bytes()};
      case 6:
        return TreeEnd{{any<std::uint64_t>(), any<std::uint64_t>()}, bytes()};
      case 7:
        return run();
      case 8:
        return Cancel{job::JobId{any<std::uint64_t>()}, any<std::uint8_t>() % 2 == 1};
      case 9:
        return Shutdown{};
      case 10:
        return Welcome{any<std::uint32_t>(),
                       bytes(),
                       bytes(),
                       any<std::uint32_t>(),
                       {bytes(), list(), any<std::uint64_t>(), any<std::uint64_t>()}};
      case 11:
        return TreeReady{outcome(), {any<std::uint64_t>(), any<std::uint64_t>()}};
      case 12:
        return Started{job::JobId{any<std::uint64_t>()}, flip() ? job::Phase::build : job::Phase::test};
      case 13:
        return Log{job::JobId{any<std::uint64_t>()}, bytes()};
      case 14:
        return finished();
      case 15:
        return TreeState{list(), flip()};
      case 16:
        return Heartbeat{job::JobId{any<std::uint64_t>()}};
      case 17:
        return Took{job::JobId{any<std::uint64_t>()}, {bytes(), any<std::uint64_t>()}};
      default:
        return Remark{bytes()};
    }
  }

  std::size_t number(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_); }

  std::string bytes() {
    // Mostly short; now and then as long as a data frame.
    const std::size_t longest = number(20) == 0 ? data_chunk : 40;
    std::string result(number(longest + 1), '\0');
    std::ranges::generate(result, [this] { return static_cast<char>(number(256)); });
    return result;
  }

 private:
  template <class T>
  T any() {
    return std::uniform_int_distribution<T>{}(random_);
  }
  bool flip() { return number(2) == 1; }
  std::chrono::milliseconds milliseconds() { return std::chrono::milliseconds{any<std::int64_t>()}; }
  std::vector<std::string> list() {
    std::vector<std::string> result(number(6));
    std::ranges::generate(result, [this] { return bytes(); });
    return result;
  }
  job::Outcome outcome() {
    const auto kind = static_cast<job::OutcomeKind>(number(static_cast<std::size_t>(job::OutcomeKind::lost) + 1));
    return {kind, -any<std::int32_t>(), flip(), flip(), flip(), flip(), bytes(), flip()};
  }
  Run run() {
    Run run;
    run.job = job::JobId{any<std::uint64_t>()};
    run.attempt = any<std::uint32_t>();
    run.nonce = {any<std::uint64_t>(), any<std::uint64_t>()};
    run.argv = list();
    run.program = bytes();
    run.build = bytes();
    run.env = list();
    run.unset = list();
    run.directory = bytes();
    run.input = bytes();
    run.match = bytes();
    run.timeout = milliseconds();
    run.kill_grace = -milliseconds();
    run.log_limit = any<std::uint64_t>();
    return run;
  }
  Finished finished() {
    Finished finished;
    finished.job = job::JobId{any<std::uint64_t>()};
    finished.attempt = any<std::uint32_t>();
    finished.nonce = {any<std::uint64_t>(), any<std::uint64_t>()};
    finished.outcome = outcome();
    finished.build_time = std::chrono::microseconds{any<std::int64_t>()};
    finished.test_time = std::chrono::microseconds{-any<std::int64_t>()};
    finished.cpu_time = std::chrono::microseconds{any<std::int64_t>()};
    finished.log_bytes = any<std::uint64_t>();
    finished.log_cut = any<std::uint64_t>();
    return finished;
  }

  std::mt19937 random_;
};

std::string encoded(const Message& message) {
  std::string out;
  encode(message, out);
  return out;
}

/// Everything the decoder gives now; stops at an error.
std::vector<Message> take_all(Decoder& decoder) {
  std::vector<Message> messages;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) {
    messages.push_back(std::move(**next));
  }
  return messages;
}

std::string header(std::uint32_t size, std::uint8_t type) {
  std::string bytes;
  for (const unsigned shift : {0U, 8U, 16U, 24U}) {
    bytes.push_back(static_cast<char>(static_cast<std::uint8_t>(size >> shift)));
  }
  bytes.push_back(static_cast<char>(type));
  return bytes;
}

TEST(CodecTest, EveryTypeSurvivesTheRoundTrip) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    RandomMessages random{seed};
    for (std::size_t type = 0; type < std::variant_size_v<Message>; ++type) {
      const Message message = random.of_type(type);
      ASSERT_EQ(message.index(), type);
      Decoder decoder;
      decoder.feed(encoded(message));
      const auto decoded = decoder.next();
      ASSERT_TRUE(decoded && *decoded) << "seed " << seed << " type " << type;
      EXPECT_EQ(**decoded, message) << "seed " << seed << " type " << type;
      EXPECT_TRUE(decoder.at_boundary());
    }
  }
}

TEST(CodecTest, AnySplitOfTheStreamGivesTheSameMessages) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    RandomMessages random{seed};
    std::vector<Message> sent;
    std::string stream;
    for (int i = 0; i < 40; ++i) {
      sent.push_back(random.next());
      encode(sent.back(), stream);
    }
    Decoder decoder;
    std::vector<Message> received;
    const std::size_t longest_piece = std::size_t{1} << random.number(18);
    for (std::string_view rest{stream}; !rest.empty();) {
      const std::size_t piece = std::min(1 + random.number(longest_piece), rest.size());
      decoder.feed(rest.substr(0, piece));
      rest.remove_prefix(piece);
      std::ranges::move(take_all(decoder), std::back_inserter(received));
    }
    EXPECT_EQ(received, sent) << "seed " << seed;
    EXPECT_TRUE(decoder.at_boundary()) << "seed " << seed;
  }
}

TEST(CodecTest, FramesAreLittleEndianAndLengthPrefixed) {
  EXPECT_EQ(encoded(TreeRemove{"a/b"}), header(7, 3) + std::string("\3\0\0\0a/b", 7));
  EXPECT_EQ(encoded(Cancel{job::JobId{0x0102}, true}), header(9, 9) + std::string("\2\1\0\0\0\0\0\0\1", 9));
  EXPECT_EQ(encoded(TreeEnd{}), header(20, 7) + std::string(20, '\0'));
}

TEST(CodecTest, AnUnfinishedFrameIsNoMessageYet) {
  RandomMessages random{7};
  for (std::size_t type = 0; type < std::variant_size_v<Message>; ++type) {
    const std::string whole = encoded(random.of_type(type));
    for (std::size_t length = 1; length < std::min<std::size_t>(whole.size(), 200); ++length) {
      Decoder decoder;
      decoder.feed(std::string_view{whole}.substr(0, length));
      const auto next = decoder.next();
      ASSERT_TRUE(next.has_value()) << "type " << type << " cut at " << length;
      EXPECT_FALSE(next->has_value());
      EXPECT_FALSE(decoder.at_boundary());
    }
  }
}

TEST(CodecTest, AFrameWhosePayloadIsTooShortOrTooLongForItsTypeIsRejected) {
  RandomMessages random{11};
  for (std::size_t type = 0; type < std::variant_size_v<Message>; ++type) {
    const std::string payload = encoded(random.of_type(type)).substr(header_size);
    const auto type_byte = static_cast<std::uint8_t>(type + 1);
    Decoder longer;
    longer.feed(header(static_cast<std::uint32_t>(payload.size() + 1), type_byte) + payload + 'x');
    EXPECT_FALSE(longer.next().has_value()) << "type " << type;
    if (!payload.empty()) {
      Decoder shorter;
      shorter.feed(header(static_cast<std::uint32_t>(payload.size() - 1), type_byte) +
                   payload.substr(0, payload.size() - 1));
      EXPECT_FALSE(shorter.next().has_value()) << "type " << type;
    }
  }
}

TEST(CodecTest, ValuesThatDoNotExistAreRejected) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"type 0", header(0, 0)},
      {"type after the last", header(0, std::variant_size_v<Message> + 1)},
      {"a bool of 2", header(2, 2) + std::string{"\2\0", 2}},
      {"a phase of 2", header(9, 13) + std::string(8, '\0') + '\2'},
      {"a file mode of 3", header(14, 4) + std::string(4, '\0') + '\3' + std::string(9, '\0')},
  };
  for (const auto& [name, bytes] : cases) {
    Decoder decoder;
    decoder.feed(bytes);
    const auto next = decoder.next();
    ASSERT_FALSE(next.has_value()) << name;
    EXPECT_EQ(next.error().kind, ErrorKind::rejected) << name;
  }
}

TEST(CodecTest, OversizedLengthsAreRejectedBeforeAnythingIsAllocated) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"frame", header(max_payload + 1, 5)},
      {"largest frame", header(0xffffffffU, 5)},
      {"string", header(4, 5) + std::string(4, '\xff')},
      {"list", header(5, 16) + std::string(4, '\xff') + '\0'},
  };
  for (const auto& [name, bytes] : cases) {
    Decoder decoder;
    decoder.feed(bytes);
    largest_allocation = 0;
    EXPECT_FALSE(decoder.next().has_value()) << name;
    EXPECT_LT(largest_allocation, 4096U) << name;
  }
}

TEST(CodecTest, AnErrorIsFinal) {
  Decoder decoder;
  decoder.feed(header(0, 200));
  const auto first = decoder.next();
  ASSERT_FALSE(first.has_value());
  decoder.feed(encoded(Shutdown{}));
  const auto second = decoder.next();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, first.error().message);
  EXPECT_FALSE(decoder.at_boundary());
}

TEST(CodecTest, GarbageNeitherCrashesNorAllocatesMuch) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    RandomMessages random{seed};
    std::string bytes;
    if (random.number(2) == 0) {
      // A valid frame with some bytes changed gets further than noise does.
      bytes = encoded(random.next());
      for (std::size_t changes = 1 + random.number(4); changes > 0; --changes) {
        bytes[random.number(bytes.size())] = static_cast<char>(random.number(256));
      }
    } else {
      bytes = random.bytes();
    }
    largest_allocation = 0;
    Decoder decoder;
    decoder.feed(bytes);
    take_all(decoder);
    ASSERT_LT(largest_allocation, bytes.size() * 16 + 4096) << "seed " << seed;
  }
}

TEST(CodecTest, AListOfManyEmptyStringsStaysBounded) {
  const std::uint32_t count = (max_payload - 5) / 4;
  std::string bytes =
      header(count * 4 + 5, 16) + header(count, 0).substr(0, 4) + std::string(std::size_t{count} * 4, '\0') + '\1';
  Decoder decoder;
  decoder.feed(bytes);
  largest_allocation = 0;
  const auto next = decoder.next();
  ASSERT_TRUE(next && *next);
  EXPECT_EQ(std::get<TreeState>(**next).changed.size(), count);
  EXPECT_LE(largest_allocation, 16 * max_payload);
}

TEST(CodecTest, TheLargestMessageFitsAndALargerOneThrows) {
  const Message fitting = TreeData{std::string(max_payload - 4, 'x')};
  EXPECT_TRUE(fits(fitting));
  Decoder decoder;
  decoder.feed(encoded(fitting));
  EXPECT_TRUE(decoder.next().value().has_value());

  const Message larger = TreeData{std::string(max_payload - 3, 'x')};
  EXPECT_FALSE(fits(larger));
  std::string out = "before";
  EXPECT_THROW(encode(larger, out), std::length_error);
  EXPECT_EQ(out, "before") << "a refused message must leave no half frame behind";
}

// A quadratic decoder needs minutes for this.
TEST(CodecTest, ManySmallFramesInOneFeedAndManyDataFramesAreLinear) {
  std::string stream;
  for (int i = 0; i < 1'000'000; ++i) {
    encode(TreeEnd{}, stream);
  }
  Decoder decoder;
  decoder.feed(stream);
  EXPECT_EQ(take_all(decoder).size(), 1'000'000U);

  const std::string frame = encoded(TreeData{std::string(data_chunk, 'x')});
  std::size_t received = 0;
  for (int i = 0; i < 2000; ++i) {
    decoder.feed(std::string_view{frame}.substr(0, 1000));
    received += take_all(decoder).size();
    decoder.feed(std::string_view{frame}.substr(1000));
    received += take_all(decoder).size();
  }
  EXPECT_EQ(received, 2000U);
  EXPECT_TRUE(decoder.at_boundary());
}

}  // namespace
}  // namespace nmz::wire
