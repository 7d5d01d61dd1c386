// The frames of a WebSocket: RFC 6455's own examples, every split of a stream, and what a server must not send.
#include "web_socket.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace nmz::kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Messages = std::vector<std::pair<Opcode, std::string>>;

/// As a server sends it: not masked.
std::string frame(unsigned first, const std::string& payload) {
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    bytes += {126, static_cast<char>(payload.size() >> 8U), static_cast<char>(payload.size())};
  } else {
    bytes += {127, 0, 0, 0, 0};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(payload.size() >> shift);
  }
  return bytes + payload;
}

/// What comes out of `bytes` that arrive in two parts. Nothing more after an error.
Messages read(const std::string& bytes, std::size_t split, std::string* error = nullptr) {
  WebSocketReader reader{1000000};
  Messages messages;
  for (const std::string& part : {bytes.substr(0, split), bytes.substr(split)}) {
    reader.feed(part);
    while (true) {
      auto message = reader.next();
      if (!message) {
        if (error != nullptr) *error = message.error().message;
        return messages;
      }
      if (!*message) break;
      messages.emplace_back((*message)->opcode, (*message)->payload);
    }
  }
  return messages;
}

TEST(WebSocketTest, AcceptIsTheRfcs) {
  EXPECT_EQ(web_socket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // section 1.3
}

TEST(WebSocketTest, WhatIsSentIsMasked) {
  std::string bytes;
  append_frame(Opcode::text, "Hello", {0x37, 0xfa, 0x21, 0x3d}, bytes);
  EXPECT_EQ(bytes, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");  // section 5.7
}

/// The length is in 7, 16 or 64 bits.
TEST(WebSocketTest, LengthsAreWrittenAsShortAsTheyCanBe) {
  for (const auto& [size, head] : {std::pair{125, 2}, {126, 4}, {65535, 4}, {65536, 10}}) {
    std::string bytes;
    append_frame(Opcode::binary, std::string(static_cast<std::size_t>(size), 'x'), {0, 0, 0, 0}, bytes);
    EXPECT_EQ(bytes.size(), static_cast<std::size_t>(head + 4 + size));
    EXPECT_EQ(bytes.substr(bytes.size() - 2), "xx");
  }
}

TEST(WebSocketTest, EverySplitGivesTheSame) {
  const std::string bytes = frame(0x82, "") + frame(0x82, "one") + frame(0x89, "ping") + frame(0x02, "t") +
                            frame(0x00, "w") + frame(0x8A, "pong between") + frame(0x80, "o") +
                            frame(0x82, std::string(300, 'x')) + frame(0x88, "\x03\xe8");
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    ASSERT_THAT(
        read(bytes, split),
        ElementsAre(std::pair{Opcode::binary, std::string{}}, std::pair{Opcode::binary, std::string{"one"}},
                    std::pair{Opcode::ping, std::string{"ping"}}, std::pair{Opcode::pong, std::string{"pong between"}},
                    std::pair{Opcode::binary, std::string{"two"}}, std::pair{Opcode::binary, std::string(300, 'x')},
                    std::pair{Opcode::close, std::string{"\x03\xe8"}}))
        << "split at " << split;
  }
}

TEST(WebSocketTest, LargeMessagesAreRead) {
  const std::string large(70000, 'y');
  EXPECT_THAT(read(frame(0x82, large), 5), ElementsAre(std::pair{Opcode::binary, large}));
}

TEST(WebSocketTest, WhatNoServerSendsIsRefused) {
  std::string masked;
  append_frame(Opcode::binary, "x", {1, 2, 3, 4}, masked);
  const std::vector<std::pair<std::string, std::string>> cases{
      {frame(0xC2, "x"), "reserved bit"},
      {frame(0x83, "x"), "unknown kind"},
      {frame(0x8B, "x"), "unknown kind"},
      {masked, "masked"},
      {frame(0x09, "x"), "in pieces"},
      {frame(0x89, std::string(126, 'x')), "too long"},
      {frame(0x80, "x"), "continuation of nothing"},
      {frame(0x02, "x") + frame(0x82, "y"), "inside of another"},
      {frame(0x82, std::string(1000001, 'x')), "too long"},
      {frame(0x02, std::string(600000, 'x')) + frame(0x80, std::string(600000, 'x')), "too long"},
      {std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10), "too long"},
  };
  for (const auto& [bytes, why] : cases) {
    for (const std::size_t split : {std::size_t{0}, std::size_t{1}, bytes.size() - 1}) {
      std::string error;
      read(frame(0x82, "before") + bytes, split + frame(0x82, "before").size(), &error);
      EXPECT_THAT(error, HasSubstr(why));
    }
  }
}

}  // namespace
}  // namespace nmz::kubernetes
