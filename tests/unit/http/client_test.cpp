// What is sent, on which connection, and how calls end.
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/http/lines.hpp"

#include "calls.hpp"

namespace nmz::http {
namespace {

using Kind = Failure::Kind;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(HttpClientTest, SendsWhatItWasGiven) {
  ClientOptions options;
  options.host = "cluster:6443";
  options.headers = {{"Authorization", "Bearer abc.def"}};
  const auto script = script_of(ok);
  Calls calls{{script}, options};
  Request request{"POST", "/apis/x?watch=1"};
  request.body = R"({"a":1})";
  request.content_type = "application/json";
  request.headers = {{"Accept", "application/json"}};
  ASSERT_TRUE(calls.call(request));
  EXPECT_TRUE(script->sent.starts_with("POST /apis/x?watch=1 HTTP/1.1\r\nHost: cluster:6443\r\n")) << script->sent;
  for (const char* header : {"Authorization: Bearer abc.def", "Accept: application/json",
                             "Content-Type: application/json", "Content-Length: 7", "User-Agent: namazu-swarm/"}) {
    EXPECT_THAT(script->sent, testing::HasSubstr(std::string{"\r\n"} + header));
  }
  EXPECT_TRUE(script->sent.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST(HttpClientTest, SendsABodyWhileItIsMade) {
  const auto script = script_of(ok);
  std::vector<std::string> pieces{"first ", std::string(300, 'x'), ""};
  Request request{"POST", "/build"};
  request.produce = [&pieces, at = std::size_t{0}]() mutable -> std::optional<std::string> { return pieces[at++]; };
  ASSERT_TRUE(call_once(script, request));
  EXPECT_THAT(script->sent, testing::HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(script->sent.ends_with("\r\n\r\n6\r\nfirst \r\n12c\r\n" + pieces[1] + "\r\n0\r\n\r\n"));
}

TEST(HttpClientTest, ABodyThatCannotBeMadeEndsTheCall) {
  const auto script = script_of(ok);
  Request request{"POST", "/build"};
  request.produce = []() -> std::optional<std::string> { return std::nullopt; };
  const Outcome<Answer> answer = call_once(script, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::stopped);
}

TEST(HttpClientTest, NothingBecomesAHeaderOfItsOwn) {
  std::vector<Request> requests(6, Request{"GET", "/"});
  requests[0].headers = {{"X-Registry-Auth", "a\r\nX: y"}};
  requests[1].headers = {{"A: b\r\nC", "d"}};
  requests[2].target = "/a HTTP/1.1\r\nX: y";
  requests[3].method = "GET /x";
  requests[4].content_type = "a\nb";
  requests[5].headers = {{"", "d"}};
  for (const Request& request : requests) {
    const auto script = script_of(ok);
    const Outcome<Answer> answer = call_once(script, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Kind::bad_request);
    EXPECT_EQ(script->sent, "");
  }
}

TEST(HttpClientTest, APeerThatRefusesEarlyIsHeard) {
  Request request{"PUT", "/archive"};
  request.content_type = "application/x-tar";
  request.body = std::string(std::size_t{200} << 10U, 'x');
  const std::string refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!";
  for (const std::size_t takes : {0UL, 1UL, 20UL, 100UL, 1000UL, 100000UL}) {
    const auto script = script_of(refusal);
    script->takes = takes;
    const Outcome<Answer> heard = call_once(script, request);
    ASSERT_TRUE(heard) << takes;
    EXPECT_EQ(heard->status, 413U);
    const auto silent = script_of("");
    silent->takes = takes;
    const Outcome<Answer> broken = call_once(silent, request);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, Kind::broken);
    EXPECT_EQ(broken.error().detail, "Broken pipe");
  }
}

TEST(HttpClientTest, AConnectionIsUsedAgain) {
  const auto script = script_of(ok + ok + ok);
  script->piece = ok.size();
  Calls calls{{script}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(calls.call(Request{"GET", "/"}));
  EXPECT_EQ(calls.dialled(), 1U);
}

TEST(HttpClientTest, AConnectionThatSaysMoreThanItWasAskedIsNotUsedAgain) {
  const auto first = script_of(ok + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  Calls calls{{first, script_of(ok)}};
  ASSERT_TRUE(calls.call(Request{"GET", "/"}));
  const Outcome<Answer> second = calls.call(Request{"GET", "/"});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->body, "ok");
}

TEST(HttpClientTest, WhatOnlyAsksIsAskedAgainWhereTheKeptConnectionIsGone) {
  for (const Script::End end : {Script::End::orderly, Script::End::closed, Script::End::broken}) {
    const auto first = script_of(ok);
    first->end = end;
    Calls calls{{first, script_of(ok)}};
    ASSERT_TRUE(calls.call(Request{"GET", "/"}));
    EXPECT_TRUE(calls.call(Request{"GET", "/"}));
    EXPECT_EQ(calls.dialled(), 2U);
  }
}

TEST(HttpClientTest, WhatChangesSomethingIsNeverSentTwice) {
  const auto first = script_of(ok + ok);
  first->piece = ok.size();
  const auto second = script_of("");
  Calls calls{{first, second, script_of(ok)}};
  ASSERT_TRUE(calls.call(Request{"GET", "/"}));
  const Outcome<Answer> answer = calls.call(Request{"POST", "/create"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::closed);
  EXPECT_EQ(calls.dialled(), 2U);
}

TEST(HttpClientTest, AnAnswerThatWantsTheEndOfTheConnectionGetsIt) {
  Calls calls{{script_of("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" + ok), script_of(ok)}};
  ASSERT_TRUE(calls.call(Request{"GET", "/"}));
  ASSERT_TRUE(calls.call(Request{"GET", "/"}));
  EXPECT_EQ(calls.dialled(), 2U);
}

TEST(HttpClientTest, ASilentPeerIsNotWaitedForLongerThanTheDeadline) {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{10}, ok.size() - 1}) {
    const auto script = script_of(ok);
    script->cut = cut;
    script->end = Script::End::silent;
    Request request{"GET", "/"};
    request.deadline = std::chrono::milliseconds{5};
    const Outcome<Answer> answer = call_once(script, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Kind::timed_out);
    EXPECT_TRUE(script->was_closed);
  }
}

TEST(HttpClientTest, ClosingEndsEverything) {
  const auto script = script_of("HTTP/1.1 101 Switching\r\n\r\n");
  script->end = Script::End::silent;
  Calls calls{{script, script_of(ok)}};
  Request request{"POST", "/attach"};
  request.upgrade = Upgrade::switching;
  const Outcome<Answer> answer = calls.call(std::move(request));
  ASSERT_TRUE(answer);
  calls.client().close();
  std::array<char, 4> buffer{};
  const std::span<char> room{buffer};
  const Outcome<std::size_t> count = calls.run(answer->stream->read(room));
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind, Kind::cancelled);
  const Outcome<Answer> later = calls.call(Request{"GET", "/"});
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().kind, Kind::cancelled);
}

/// The call of a client whose peer says nothing, cancelled while it waits for it (`later`), or before that, between two
/// operations.
void expect_that_a_cancelled_call_ends(bool later) {
  const auto script = script_of("");
  script->end = Script::End::silent;
  boost::asio::io_context io;
  const auto dial = [&]() -> Outcome<std::shared_ptr<Transport>> {
    return std::make_shared<MemoryTransport>(io.get_executor(), script);
  };
  Client client{io.get_executor(), dial, ClientOptions{}};
  std::optional<Outcome<Answer>> answer;
  boost::asio::cancellation_signal stop;
  const auto cancel = [&stop] { stop.emit(boost::asio::cancellation_type::terminal); };
  if (!later) script->written = cancel;
  auto done = [&answer](const std::exception_ptr& bug, Outcome<Answer> result) {
    if (!bug) answer.emplace(std::move(result));
  };
  boost::asio::co_spawn(io, client.call(Request{"GET", "/"}),
                        boost::asio::bind_cancellation_slot(stop.slot(), std::move(done)));
  io.poll();
  if (later) cancel();
  io.run_for(std::chrono::seconds{20});
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().kind, Kind::cancelled);
}

TEST(HttpClientTest, ACancelledCallEndsAtOnce) { expect_that_a_cancelled_call_ends(true); }

TEST(HttpClientTest, ACallThatIsCancelledBetweenTwoOperationsEndsAtOnce) { expect_that_a_cancelled_call_ends(false); }

TEST(HttpClientTest, NewsAreHeardWhileTheyCome) {
  const std::string first = R"({"type":"ADDED"})";
  const std::string second = R"({"type":"DELETED"})";
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{"13\r\n"} + first +
                             "\n{\"\r\n12\r\n" + second.substr(2) + "\r\n\r\n";
  for (std::size_t piece = 1; piece < chunks.size(); ++piece) {
    const auto script = script_of(chunks);
    script->end = Script::End::silent;
    script->piece = piece;
    Lines lines;
    std::vector<std::string> heard;
    Request request{"GET", "/watch"};
    request.deadline = std::chrono::milliseconds{0};
    request.sink = [&](std::string_view bytes) {
      lines.feed(bytes);
      while (const auto line = lines.next()) heard.emplace_back(*line);
      return heard.size() < 2;
    };
    const Outcome<Answer> answer = call_once(script, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Kind::stopped);
    EXPECT_THAT(heard, testing::ElementsAre(first, second));
    EXPECT_EQ(lines.waiting(), 0U);
  }
}

TEST(HttpClientTest, TheSinkOfACallThatIsRefusedHearsNothing) {
  Request request{"GET", "/watch"};
  request.sink = [](std::string_view) { return false; };
  const Outcome<Answer> answer = call_once(script_of("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "no");
}

TEST(HttpClientTest, ACommandSaysWhyItIsNoConnection) {
  const auto script = script_of("");
  script->complaint = "ssh: Could not resolve hostname x";
  const Outcome<Answer> answer = call_once(script);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::command_failed);
  EXPECT_EQ(answer.error().detail, script->complaint);
}

TEST(HttpClientTest, NobodyThereIsToldAsItIs) {
  const auto script = script_of("");
  script->opens = false;
  const Outcome<Answer> answer = call_once(script);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::nobody_there);
}

TEST(LinesTest, AnyPiecesGiveTheSameLines) {
  const std::string text = "one\r\n\ntwo\nrest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    Lines lines;
    std::vector<std::string> heard;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      lines.feed(std::string_view{text}.substr(at, piece));
      while (const auto line = lines.next()) heard.emplace_back(*line);
    }
    EXPECT_THAT(heard, testing::ElementsAre("one", "", "two"));
    EXPECT_EQ(lines.waiting(), 4U);
  }
}

}  // namespace
}  // namespace nmz::http
