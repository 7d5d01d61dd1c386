// Engines of other ages: stand-ins that say which versions of the API they speak.
#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/docker/engine.hpp"

#include "support/temp_directory.hpp"

namespace nmz::docker {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

/// Answers each connection's requests; what is asked for in a version that it does not speak it refuses.
struct Peer : std::enable_shared_from_this<Peer> {
  Peer(stream_protocol::socket socket_in, std::string oldest_in, std::string newest_in)
      : socket{std::move(socket_in)}, oldest{std::move(oldest_in)}, newest{std::move(newest_in)} {}
  void serve() {
    socket.async_read_some(asio::buffer(request), [self = shared_from_this()](auto error, std::size_t size) {
      if (!error) self->reply(std::string{self->request.data(), size});
    });
  }
  void reply(const std::string& asked) {
    if (heard) *heard += asked;
    const bool known = asked.starts_with("GET /version ") || asked.starts_with("GET /v" + oldest + "/") ||
                       asked.starts_with("GET /v" + newest + "/");
    const std::string body = known ? R"({"ApiVersion":")" + newest + R"(","MinAPIVersion":")" + oldest + "\"}"
                                   : R"({"message":"client version is not supported"})";
    answer = std::string{"HTTP/1.1 "} + (known ? "200 OK" : "400 Bad Request") +
             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    asio::async_write(socket, asio::buffer(answer), [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->serve();
    });
  }
  stream_protocol::socket socket;
  std::string oldest;
  std::string newest;
  std::array<char, 8192> request{};
  std::string answer;
  std::shared_ptr<std::string> heard;
};

struct Told {
  Result<Info> info;
  std::string version;
};

Told ask(const std::string& oldest, const std::string& newest) {
  const support::TempDirectory directory;
  const std::string path = (directory.path() / "socket").string();
  asio::io_context io;
  stream_protocol::acceptor acceptor{io, path};
  acceptor.async_accept([&](auto error, stream_protocol::socket socket) {
    if (!error) std::make_shared<Peer>(std::move(socket), oldest, newest)->serve();
  });
  Endpoint endpoint;
  endpoint.path = path;
  Engine engine{io.get_executor(), endpoint};
  std::optional<Result<Info>> info;
  auto done = [&](const std::exception_ptr& bug, Result<Info> result) {
    if (!bug) info.emplace(std::move(result));
    engine.close();
  };
  asio::co_spawn(io, engine.info(), std::move(done));
  io.run_for(std::chrono::seconds{20});
  return {info ? *info : fail(ErrorKind::timed_out, "it hangs"), engine.api_version()};
}

TEST(EngineAgeTest, ANewOneIsSpokenToAtWhatItStillSpeaks) {
  for (const char* oldest : {"1.45", "1.50", "1.60"}) {
    const Told told = ask(oldest, "1.60");
    EXPECT_TRUE(told.info) << oldest << ": " << told.info.error().message;
    EXPECT_EQ(told.version, oldest);
  }
}

TEST(EngineAgeTest, OthersAreSpokenToAtTheNewestThatBothKnow) {
  EXPECT_EQ(ask("1.24", "1.44").version, "1.44");
  EXPECT_EQ(ask("1.12", "1.41").version, "1.41");
}

TEST(EngineAgeTest, OneThatIsTooOldIsTold) {
  const Told told = ask("1.12", "1.39");
  ASSERT_FALSE(told.info);
  EXPECT_EQ(told.info.error().kind, ErrorKind::misconfigured);
  EXPECT_THAT(told.info.error().message, testing::HasSubstr("speaks API 1.39 at most; 1.40 is needed"));
}

/// Of an image that is made into workers; on a Swarm it would end them.
TEST(EngineRequestTest, TheHealthCheckOfTheImageIsLeftOut) {
  const support::TempDirectory directory;
  const std::string path = (directory.path() / "socket").string();
  asio::io_context io;
  stream_protocol::acceptor acceptor{io, path};
  const auto heard = std::make_shared<std::string>();
  std::function<void()> accept = [&] {
    acceptor.async_accept([&](auto error, stream_protocol::socket socket) {
      if (error) return;
      const auto peer = std::make_shared<Peer>(std::move(socket), "1.24", "1.44");
      peer->heard = heard;
      peer->serve();
      accept();
    });
  };
  accept();
  Endpoint endpoint;
  endpoint.path = path;
  Engine engine{io.get_executor(), endpoint};
  const auto asked = [](Engine& to) -> asio::awaitable<void> {
    ContainerSpec container;
    static_cast<void>(co_await to.create_container(std::move(container)));
    ServiceSpec service;
    std::string nobody;
    static_cast<void>(co_await to.create_service(std::move(service), std::move(nobody)));
  };
  auto done = [&](const std::exception_ptr&) {
    engine.close();
    acceptor.close();
  };
  asio::co_spawn(io, asked(engine), std::move(done));
  io.run_for(std::chrono::seconds{20});
  for (const char* call : {"/v1.44/containers/create", "/v1.44/services/create"}) {
    const std::size_t at = heard->find(call);
    ASSERT_NE(at, std::string::npos) << *heard;
    const std::string rest = heard->substr(at, heard->find("POST", at + 1) - at);
    EXPECT_THAT(rest, testing::HasSubstr(R"("Healthcheck":{"Test":["NONE"]})"));
  }
}

}  // namespace
}  // namespace nmz::docker
