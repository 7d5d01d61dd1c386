// Connections through a proxy, to proxies that answer as they are told.
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include "nmz/http/transport.hpp"

namespace nmz::http {
namespace {
namespace asio = boost::asio;

using testing::HasSubstr;

/// Reads so many bytes, writes an answer, and so on; and in the end what the one who went through it hears.
class FakeProxy {
 public:
  struct Step {
    std::size_t read;
    std::string write;
  };
  explicit FakeProxy(std::vector<Step> steps)
      : acceptor_{io_, {asio::ip::address_v4::loopback(), 0}}, thread_{[this, steps = std::move(steps)] {
          asio::ip::tcp::socket socket{io_};
          acceptor_.accept(socket);
          boost::system::error_code ignored;
          for (const Step& step : steps) {
            std::string piece(step.read, '\0');
            asio::read(socket, asio::buffer(piece), ignored);
            heard_ += piece;
            asio::write(socket, asio::buffer(step.write), ignored);
          }
        }} {}
  FakeProxy(const FakeProxy&) = delete;
  FakeProxy& operator=(const FakeProxy&) = delete;
  FakeProxy(FakeProxy&&) = delete;
  FakeProxy& operator=(FakeProxy&&) = delete;
  ~FakeProxy() { thread_.join(); }

  [[nodiscard]] Proxy proxy(Proxy::Kind kind) const {
    Proxy one;
    one.kind = kind;
    one.host = "127.0.0.1";
    one.port = acceptor_.local_endpoint().port();
    return one;
  }
  [[nodiscard]] const std::string& heard() const { return heard_; }

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::string heard_;
  std::thread thread_;
};

asio::awaitable<void> open_and_read(std::shared_ptr<Transport> transport, std::string& result) {
  const Outcome<void> opened = co_await transport->open();
  if (!opened) {
    result = opened.error().detail;
    co_return;
  }
  std::string buffer(64, '\0');
  const std::span<char> space{buffer};
  const Outcome<std::size_t> count = co_await transport->read(space);
  result = buffer.substr(0, count.value_or(0));
}

/// What is read first through the proxy, or why it cannot be reached.
std::string through(const Proxy& proxy, const std::string& host) {
  asio::io_context io;
  std::string result;
  std::shared_ptr<Transport> transport = tcp_transport(io.get_executor(), host, 6443, proxy);
  asio::co_spawn(io, open_and_read(transport, result), asio::detached);
  io.run();
  return result;
}

TEST(TunnelTest, Connect) {
  const std::string asked =
      "CONNECT [fd00::1]:6443 HTTP/1.1\r\nHost: [fd00::1]:6443\r\nProxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n";
  const FakeProxy fake{{{asked.size(), "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello"}}};
  Proxy proxy = fake.proxy(Proxy::Kind::http);
  proxy.user = "me";
  proxy.password = "pass";
  EXPECT_EQ(through(proxy, "fd00::1"), "hello");
  EXPECT_EQ(fake.heard(), asked);
}

TEST(TunnelTest, AProxyThatRefusesIsNamed) {
  const std::string asked = "CONNECT api:6443 HTTP/1.1\r\nHost: api:6443\r\n\r\n";
  const FakeProxy fake{{{asked.size(), "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"}}};
  EXPECT_THAT(through(fake.proxy(Proxy::Kind::http), "api"),
              testing::AllOf(HasSubstr("the proxy 127.0.0.1:"), HasSubstr("api:6443: HTTP/1.1 407")));
}

TEST(TunnelTest, Socks) {
  const std::string asked{"\5\1\0\3\3api\x19\x2b", 10};
  const FakeProxy fake{{{3, std::string{"\5\0", 2}}, {asked.size(), std::string{"\5\0\0\1\1\2\3\4\0\x50hello", 15}}}};
  EXPECT_EQ(through(fake.proxy(Proxy::Kind::socks5), "api"), "hello");
  EXPECT_EQ(fake.heard(), std::string("\5\1\0", 3) + asked);
}

TEST(TunnelTest, SocksThatRefuses) {
  const FakeProxy fake{{{3, std::string{"\5\0", 2}}, {10, std::string{"\5\5\0\1\0", 5}}}};
  EXPECT_THAT(through(fake.proxy(Proxy::Kind::socks5), "api"), HasSubstr("api:6443 (SOCKS error 5)"));
  const FakeProxy closed{{{3, std::string{"\5\2", 2}}}};
  EXPECT_THAT(through(closed.proxy(Proxy::Kind::socks5), "api"), HasSubstr("wants credentials"));
}

}  // namespace
}  // namespace nmz::http
