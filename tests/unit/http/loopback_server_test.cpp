// Who is answered, and what a stream gets. Over real sockets: what has to hold is what another user of the machine
// meets.
#include "nmz/http/loopback_server.hpp"

#include <array>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"

namespace nmz::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Caller {
 public:
  explicit Caller(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval most{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  }
  void say(const std::string& bytes) const {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
  }
  /// Until it has come, or the end.
  std::string hear(const std::string& until = "\xff") {
    std::array<char, 4096> buffer{};
    while (heard_.find(until) == std::string::npos) {
      const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      heard_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return heard_;
  }

 private:
  files::UniqueFd socket_;
  std::string heard_;
};

class LoopbackServerTest : public testing::Test {
 protected:
  static LoopbackServer::Reply answer(const std::string& path) {
    LoopbackServer::Reply reply;
    reply.body = "this is <" + path + ">";
    reply.stream = path == "stream";
    return reply;
  }
  [[nodiscard]] std::uint16_t port() const {
    const std::string address = server->address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':', 5) + 1)));
  }
  [[nodiscard]] std::string secret() const { return server->address().substr(server->address().find('/', 8)); }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] std::string ask(const std::string& first_line, const std::string& host) const {
    Caller caller{port()};
    caller.say(first_line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return caller.hear();
  }

  std::unique_ptr<LoopbackServer> server = std::move(*LoopbackServer::open(0, answer));
};

TEST_F(LoopbackServerTest, WhoKnowsTheAddressIsAnswered) {
  EXPECT_THAT(server->address(), testing::ContainsRegex("^http://127\\.0\\.0\\.1:[0-9]+/[0-9a-f]{32}/$"));
  const std::string said = ask("GET " + secret() + "page?7", host());
  EXPECT_THAT(said, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(said, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(said, EndsWith("\r\n\r\nthis is <page?7>"));
  EXPECT_THAT(ask("GET " + secret(), "localhost:" + std::to_string(port())), EndsWith("this is <>"));
  const auto other = std::move(*LoopbackServer::open(0, answer));
  EXPECT_NE(other->address().substr(other->address().find('/', 8)), secret());
}

TEST_F(LoopbackServerTest, WhoDoesNotIsNot) {
  std::string wrong = secret();
  wrong[5] = wrong[5] == '0' ? '1' : '0';
  for (const std::string& path : {std::string{"/"}, std::string{"/page"}, wrong, wrong + "page", secret().substr(0, 9),
                                  secret().substr(0, 33), "/" + secret(), secret().substr(0, 33) + "0/page"}) {
    const std::string said = ask("GET " + path, host());
    EXPECT_THAT(said, StartsWith("HTTP/1.1 404 ")) << path;
    EXPECT_THAT(said, Not(HasSubstr("this is"))) << path;
  }
  for (const std::string& name : {std::string{"attacker.example"}, "attacker.example:" + std::to_string(port()),
                                  std::string{"127.0.0.1"}, std::string{}, std::string{"127.0.0.1:1"}}) {
    EXPECT_THAT(ask("GET " + secret() + "page", name), StartsWith("HTTP/1.1 403 ")) << name;
  }
  EXPECT_THAT(ask("POST " + secret() + "page", host()), StartsWith("HTTP/1.1 405 "));
}

TEST_F(LoopbackServerTest, WhatIsNoRequestIsNotAnswered) {
  for (const std::string& bytes : {std::string{"\x16\x03\x01"} + std::string(40, '\0'), std::string(100'000, 'a'),
                                   "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'b')}) {
    Caller caller{port()};
    caller.say(bytes.substr(0, 60'000));
    EXPECT_EQ(caller.hear(), "");
  }
  EXPECT_THAT(ask("GET " + secret(), host()), EndsWith("this is <>")) << "others are answered as before";
}

TEST_F(LoopbackServerTest, AStreamGetsAllThatIsPublished) {
  Caller one{port()};
  one.say("GET " + secret() + "stream HTTP/1.1\r\nHost: " + host() + "\r\n\r\n");
  EXPECT_THAT(one.hear("<stream>"), Not(HasSubstr("Content-Length")));
  {
    Caller gone{port()};
    gone.say("GET " + secret() + "stream HTTP/1.1\r\nHost: " + host() + "\r\n\r\n");
    gone.hear("<stream>");
  }
  const std::string large(3'000'000, 'x');
  server->publish("first;");
  server->publish(large);
  server->publish(";last");
  auto heard = std::async(std::launch::async, [&one] { return one.hear(); });
  server.reset();
  EXPECT_THAT(heard.get(), EndsWith("this is <stream>first;" + large + ";last")) << "and its end is told";
}

TEST_F(LoopbackServerTest, APortThatIsInUseIsTold) {
  const auto second = LoopbackServer::open(port(), answer);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "port " + std::to_string(port()) + " is in use by another program");
}

TEST(ServerSentEventTest, EachLineIsOneOfData) {
  EXPECT_EQ(server_sent_event("news", "{\n}"), "event: news\ndata: {\ndata: }\n\n");
  EXPECT_EQ(server_sent_event("end", ""), "event: end\ndata: \n\n");
}

}  // namespace
}  // namespace nmz::http
