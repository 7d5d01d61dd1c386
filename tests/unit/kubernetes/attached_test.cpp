// The channels of a container over a connection in memory, which breaks or ends at every byte.
#include "attached.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace nmz::kubernetes {
namespace {
namespace asio = boost::asio;

using From = http::Attached::Output::From;
using testing::HasSubstr;
using testing::StartsWith;

std::string frame(unsigned first, const std::string& payload) {
  std::string bytes(1, static_cast<char>(first));
  bytes += static_cast<char>(payload.size());
  return bytes + payload;
}

std::string channel(char number, const std::string& payload) { return frame(0x82, std::string(1, number) + payload); }

/// Gives what was put into it a few bytes at a time, and then an end or an error.
class Memory final : public http::ByteStream {
 public:
  explicit Memory(std::string bytes, bool breaks = false) : bytes_{std::move(bytes)}, breaks_{breaks} {}
  asio::awaitable<http::Outcome<std::size_t>> read(std::span<char> buffer) override {
    if (bytes_.empty() && breaks_) co_return http::failed(http::Failure::Kind::broken, "it broke");
    constexpr std::size_t at_once = 3;
    const std::size_t count = bytes_.copy(buffer.data(), std::min(at_once, buffer.size()));
    bytes_.erase(0, count);
    co_return count;
  }
  asio::awaitable<http::Outcome<void>> write(std::string bytes) override {
    written += bytes;
    co_return http::Outcome<void>{};
  }
  asio::awaitable<http::Outcome<void>> end_output() override { co_return http::Outcome<void>{}; }
  void close() override {}

  std::string written;

 private:
  std::string bytes_;
  bool breaks_;
};

struct Heard {
  Heard() = default;
  std::string out;
  std::string err;
  std::string error;  ///< empty: it ended
  std::string answered;
};

asio::awaitable<void> hear_all(ChannelStream& stream, Heard& heard) {
  std::vector<char> buffer(5);
  while (true) {
    const std::span<char> space{buffer};
    Result<http::Attached::Output> output = co_await stream.read(space);
    if (!output) heard.error = output.error().message;
    if (!output || output->from == From::end) co_return;
    (output->from == From::out ? heard.out : heard.err).append(buffer.data(), output->size);
  }
}

Heard hear(const std::string& bytes, bool breaks = false) {
  asio::io_context io;
  auto memory = std::make_shared<Memory>(bytes, breaks);
  ChannelStream stream{io.get_executor(), memory};
  Heard heard;
  asio::co_spawn(io, hear_all(stream, heard), asio::detached);
  io.run();
  heard.answered = memory->written;
  return heard;
}

constexpr const char* success = R"({"metadata":{},"status":"Success"})";
constexpr const char* failure = R"x({"status":"Failure","message":"container not found\n(\"worker\")"})x";

TEST(ChannelStreamTest, OutputsAreToldApartAndEmptyMessagesAreNothing) {
  const Heard heard = hear(frame(0x82, "\1") + channel(1, "out of it") + channel(2, "complaint") + channel(1, "") +
                           channel(1, ", all") + channel(3, success) + frame(0x88, "\x03\xe8") + "rubbish");
  EXPECT_EQ(heard.out, "out of it, all");
  EXPECT_EQ(heard.err, "complaint");
  EXPECT_EQ(heard.error, "");
}

TEST(ChannelStreamTest, TheServersWordsAreTheError) {
  const Heard heard = hear(channel(1, "x") + channel(3, failure) + frame(0x88, "\x03\xe8"));
  EXPECT_EQ(heard.out, "x");
  EXPECT_EQ(heard.error, R"(its connection ended: container not found ("worker"))");
}

TEST(ChannelStreamTest, APingIsAnswered) {
  const Heard heard = hear(frame(0x89, "still there?") + channel(1, "x"));
  EXPECT_EQ(heard.out, "x");
  ASSERT_THAT(heard.answered, StartsWith("\x8A\x8C"));
  std::string payload = heard.answered.substr(6);
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ heard.answered[2 + i % 4]);
  EXPECT_EQ(payload, "still there?");
}

/// Whatever is cut off, what came before it has been handed out, and nothing that did not come.
TEST(ChannelStreamTest, ItMayEndOrBreakAtEveryByte) {
  const std::string bytes = channel(1, "first") + frame(0x89, "?") + channel(1, "second") + channel(3, success);
  for (const bool breaks : {false, true}) {
    std::size_t longest = 0;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      const Heard heard = hear(bytes.substr(0, cut), breaks);
      ASSERT_THAT(std::string{"firstsecond"}, StartsWith(heard.out)) << "cut at " << cut;
      ASSERT_GE(heard.out.size(), longest);
      longest = heard.out.size();
      EXPECT_EQ(heard.error, breaks ? "it broke" : "") << "cut at " << cut;
    }
    EXPECT_EQ(longest, 11U);
  }
}

TEST(ChannelStreamTest, RubbishIsAnError) {
  EXPECT_THAT(hear("HTTP/1.1 200 OK\r\n").error, HasSubstr("breaks its protocol"));
}

/// Servers read one frame and take it for the message: none is split, and none is larger than kubectl's.
TEST(ChannelStreamTest, InputGoesInWholeMessagesOfTheFirstChannel) {
  const std::string bytes(100000, 'i');
  std::string frames = stdin_frames(bytes);
  std::string back;
  while (!frames.empty()) {
    ASSERT_EQ(static_cast<unsigned char>(frames[0]), 0x82);
    ASSERT_EQ(static_cast<unsigned char>(frames[1]) & 0x80U, 0x80U);
    const unsigned length = static_cast<unsigned char>(frames[1]) & 0x7FU;
    ASSERT_EQ(length, 126U);  // all of these have 16 bits of length
    const std::size_t size = static_cast<unsigned char>(frames[2]) * 256U + static_cast<unsigned char>(frames[3]);
    ASSERT_LE(size, 32769U);
    const std::string mask = frames.substr(4, 4);
    std::string payload = frames.substr(8, size);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    ASSERT_EQ(payload.front(), '\0');
    back += payload.substr(1);
    frames.erase(0, 8 + size);
  }
  EXPECT_EQ(back, bytes);
}

}  // namespace
}  // namespace nmz::kubernetes
