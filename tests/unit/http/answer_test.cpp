// What comes back, with every cut, every kind of end and every split.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calls.hpp"

namespace nmz::http {
namespace {

using Kind = Failure::Kind;

/// An answer and the body that is in it.
struct Case {
  const char* name;
  std::string bytes;
  std::string body;
  std::size_t shortest = all_bytes;  ///< so many bytes are an answer, where only the end of the connection ends it
};

const std::vector<Case>& cases() {
  static const std::string until_end = "HTTP/1.0 200 OK\r\nServer: x\r\n\r\n";
  static const std::vector<Case> all{
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world", "hello world"},
      {"empty", "HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5;a=b\r\nworld\r\n0\r\nT: 1\r\n\r\n",
       "hello world"},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"until the end", until_end + "hello world", "hello world", until_end.size()}};
  return all;
}

TEST(HttpAnswerTest, AnswersComeInAnyPieces) {
  for (const Case& one : cases()) {
    for (std::size_t piece = 1; piece <= one.bytes.size(); ++piece) {
      const auto script = script_of(one.bytes);
      script->piece = piece;
      const Outcome<Answer> answer = call_once(script);
      ASSERT_TRUE(answer) << one.name << " in pieces of " << piece << ": " << answer.error().detail;
      EXPECT_EQ(answer->body, one.body) << one.name << " in pieces of " << piece;
    }
  }
}

TEST(HttpAnswerTest, AnAnswerThatEndsAtAnyByteIsNone) {
  using End = Script::End;
  for (const Case& one : cases()) {
    for (std::size_t cut = 0; cut < one.bytes.size(); ++cut) {
      for (const End end : {End::orderly, End::closed, End::broken}) {
        for (const std::size_t piece : {std::size_t{1}, all_bytes}) {
          const auto script = script_of(one.bytes);
          script->cut = cut;
          script->end = end;
          script->piece = piece;
          const Outcome<Answer> answer = call_once(script);
          if (end == End::orderly && cut >= one.shortest) {
            EXPECT_TRUE(answer) << one.name << " cut at " << cut;
            continue;
          }
          ASSERT_FALSE(answer) << one.name << " cut at " << cut;
          EXPECT_EQ(answer.error().kind, end == End::broken ? Kind::broken : Kind::closed) << one.name << " at " << cut;
        }
      }
    }
  }
}

TEST(HttpAnswerTest, AnyByteMayBeWrong) {
  for (const Case& one : cases()) {
    for (std::size_t at = 0; at < one.bytes.size(); ++at) {
      for (const int byte : {0x00, 0x01, 0x0a, 0x0d, 0x20, 0x30, 0x3a, 0x66, 0x7f, 0xff}) {
        std::string bytes = one.bytes;
        bytes[at] = static_cast<char>(byte);
        const auto script = script_of(bytes);
        script->piece = 1 + at % 3;
        const Outcome<Answer> answer = call_once(script);
        if (answer) continue;  // in a value, or in the body
        const bool known = answer.error().kind == Kind::not_http || answer.error().kind == Kind::malformed ||
                           answer.error().kind == Kind::closed;
        EXPECT_TRUE(known) << one.name << " with " << byte << " at " << at << ": " << answer.error().detail;
      }
    }
  }
}

TEST(HttpAnswerTest, WhatIsNoHttpIsToldAsSuch) {
  for (const char* bytes : {"\x15\x03\x01", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\n\n"}) {
    const Outcome<Answer> answer = call_once(script_of(bytes));
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().kind, Kind::not_http) << bytes;
  }
}

TEST(HttpAnswerTest, WhatHasNoEndIsNotKept) {
  const std::string much(std::size_t{1} << 20U, 'a');
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
  const std::array heads{"HTTP/1.1 200 " + much, "HTTP/1.1 200 OK\r\nA: " + much, chunks + much,
                         chunks.substr(0, chunks.size() - 2) + "0\r\nT: " + much};
  for (const std::string& bytes : heads) {
    for (const std::size_t piece : {std::size_t{4096}, all_bytes}) {
      const auto script = script_of(bytes);
      script->piece = piece;
      const Outcome<Answer> answer = call_once(script);
      ASSERT_FALSE(answer);
      EXPECT_THAT(answer.error().kind, testing::AnyOf(Kind::not_http, Kind::malformed)) << bytes.substr(0, 60);
    }
  }
  ClientOptions options;
  options.largest_answer = 10;
  Calls calls{{script_of(cases().front().bytes)}, options};
  const Outcome<Answer> answer = calls.call(Request{"GET", "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::too_long);
}

TEST(HttpAnswerTest, HeadersAndStatusAreTold) {
  const Outcome<Answer> answer =
      call_once(script_of("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nX-Id: a b\r\n\r\ngone"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404U);
  EXPECT_EQ(answer->body, "gone");
  EXPECT_THAT(answer->headers, testing::Contains(std::pair<std::string, std::string>{"X-Id", "a b"}));
}

TEST(HttpAnswerTest, AHeadHasNoBody) {
  const Outcome<Answer> answer =
      call_once(script_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), Request{"HEAD", "/"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "");
}

TEST(HttpAnswerTest, AStreamIsTakenOverWithWhatCameTogetherWithIt) {
  const std::string head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
  const std::string said = "first words\nand more";
  for (std::size_t piece = 1; piece <= head.size() + said.size(); ++piece) {
    const auto script = script_of(head + said);
    script->piece = piece;
    script->end = piece % 2 == 0 ? Script::End::orderly : Script::End::closed;
    Calls calls{{script}};
    Request request{"POST", "/attach"};
    request.upgrade = Upgrade::switching;
    const Outcome<Answer> answer = calls.call(std::move(request));
    ASSERT_TRUE(answer && answer->stream);
    std::string heard;
    while (true) {
      std::array<char, 7> buffer{};
      const std::span<char> room{buffer};
      const Outcome<std::size_t> count = calls.run(answer->stream->read(room));
      ASSERT_TRUE(count);
      if (*count == 0) break;
      heard.append(buffer.data(), *count);
    }
    EXPECT_EQ(heard, said);
    ASSERT_TRUE(calls.run(answer->stream->write("to it")));
    EXPECT_TRUE(script->sent.ends_with("\r\n\r\nto it"));
    ASSERT_TRUE(calls.run(answer->stream->end_output()));
    EXPECT_TRUE(script->output_ended);
  }
}

TEST(HttpAnswerTest, WhoWantsAStreamAndIsRefusedIsToldWhy) {
  for (const Upgrade upgrade : {Upgrade::switching, Upgrade::switching_or_ok}) {
    Request request{"POST", "/attach"};
    request.upgrade = upgrade;
    const Outcome<Answer> answer =
        call_once(script_of("HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nno go"), request);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->stream);
    EXPECT_EQ(answer->body, "no go");
  }
}

TEST(HttpAnswerTest, OldEnginesHandOverWith200) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nraw";
  Request request{"POST", "/attach"};
  request.upgrade = Upgrade::switching_or_ok;
  Calls calls{{script_of(bytes)}};  // the stream needs its io_context
  const Outcome<Answer> taken = calls.call(request);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->stream);
  request.upgrade = Upgrade::switching;
  const Outcome<Answer> strict = call_once(script_of(bytes), request);
  ASSERT_TRUE(strict);
  EXPECT_FALSE(strict->stream);
  EXPECT_EQ(strict->body, "raw");
}

}  // namespace
}  // namespace nmz::http
