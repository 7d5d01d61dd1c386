#include "tunnel.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "nmz/http/base64.hpp"

namespace nmz::http {
namespace asio = boost::asio;
namespace {

using Socket = asio::generic::stream_protocol::socket;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t longest_head = std::size_t{64} << 10;
constexpr std::size_t longest_word = 255;  // of SOCKS

Failure broken(const Proxy& proxy, const std::string& why) {
  return {Failure::Kind::unreachable, fmt::format("the proxy {}:{}: {}", proxy.host, proxy.port, why)};
}

asio::awaitable<Outcome<void>> send(Socket& socket, const Proxy& proxy, std::string bytes) {
  auto [code, count] = co_await asio::async_write(socket, asio::buffer(bytes), as_result);
  if (code == asio::error::operation_aborted) co_return failed(Failure::Kind::cancelled, code.message());
  if (code) co_return tl::unexpected<Failure>{broken(proxy, code.message())};
  co_return Outcome<void>{};
}

asio::awaitable<Outcome<std::string>> receive(Socket& socket, const Proxy& proxy, std::size_t size) {
  std::string bytes(size, '\0');
  auto [code, count] = co_await asio::async_read(socket, asio::buffer(bytes), as_result);
  if (code == asio::error::operation_aborted) co_return failed(Failure::Kind::cancelled, code.message());
  if (code) co_return tl::unexpected<Failure>{broken(proxy, "it closed the connection")};
  co_return bytes;
}

/// What follows the answer's head is the peer's: not a byte of it may be taken.
asio::awaitable<Outcome<void>> connect(Socket& socket, const Proxy& proxy, const std::string& target) {
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy.user.empty()) {
    request += "Proxy-Authorization: Basic " + to_base64(proxy.user + ":" + proxy.password) + "\r\n";
  }
  request += "\r\n";
  Outcome<void> sent = co_await send(socket, proxy, std::move(request));
  if (!sent) co_return sent;
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    Outcome<std::string> byte = co_await receive(socket, proxy, 1);
    if (!byte) co_return tl::unexpected<Failure>{byte.error()};
    head += *byte;
    if (head.size() > longest_head) co_return tl::unexpected<Failure>{broken(proxy, "its answer is too long")};
  }
  const std::string line = head.substr(0, head.find('\r'));
  const bool accepted = line.starts_with("HTTP/1.") && line.find(" 200") == std::string_view{"HTTP/1.1"}.size();
  if (!accepted) co_return tl::unexpected<Failure>{broken(proxy, "it does not connect to " + target + ": " + line)};
  co_return Outcome<void>{};
}

std::string word(const std::string& text) { return std::string(1, static_cast<char>(text.size())) + text; }

/// Which way of naming oneself the proxy wants (RFC 1928, 3), and doing it.
asio::awaitable<Outcome<void>> greet(Socket& socket, const Proxy& proxy) {
  constexpr char by_password = 2;
  std::string greeting = proxy.user.empty() ? std::string{"\5\1\0", 3} : std::string{"\5\2\0\2", 4};
  Outcome<void> sent = co_await send(socket, proxy, std::move(greeting));
  if (!sent) co_return sent;
  Outcome<std::string> chosen = co_await receive(socket, proxy, 2);
  if (!chosen) co_return tl::unexpected<Failure>{chosen.error()};
  if (chosen->back() == '\0') co_return Outcome<void>{};
  if (chosen->back() != by_password || proxy.user.empty()) {
    co_return tl::unexpected<Failure>{broken(proxy, "it wants credentials that it was not given")};
  }
  std::string names = "\1" + word(proxy.user) + word(proxy.password);
  sent = co_await send(socket, proxy, std::move(names));
  if (!sent) co_return sent;
  Outcome<std::string> accepted = co_await receive(socket, proxy, 2);
  if (!accepted) co_return tl::unexpected<Failure>{accepted.error()};
  if (accepted->back() != '\0') co_return tl::unexpected<Failure>{broken(proxy, "it does not accept the credentials")};
  co_return Outcome<void>{};
}

asio::awaitable<Outcome<void>> connect_socks(Socket& socket, const Proxy& proxy, const std::string& host,
                                             std::uint16_t port) {
  if (host.size() > longest_word || proxy.user.size() > longest_word || proxy.password.size() > longest_word) {
    co_return tl::unexpected<Failure>{broken(proxy, "a name is too long for SOCKS")};
  }
  Outcome<void> greeted = co_await greet(socket, proxy);
  if (!greeted) co_return greeted;
  constexpr unsigned byte = 8;
  std::string request = std::string{"\5\1\0\3", 4} + word(host);  // connect, to a name
  request += static_cast<char>(port >> byte);
  request += static_cast<char>(port);
  Outcome<void> sent = co_await send(socket, proxy, std::move(request));
  if (!sent) co_return sent;
  // Version, answer, 0, kind of address, and of the address the first byte: of a name its length.
  Outcome<std::string> answer = co_await receive(socket, proxy, 5);
  if (!answer) co_return tl::unexpected<Failure>{answer.error()};
  if ((*answer)[1] != '\0') {
    co_return tl::unexpected<Failure>{
        broken(proxy, fmt::format("it does not connect to {}:{} (SOCKS error {})", host, port, int{(*answer)[1]}))};
  }
  const char kind = (*answer)[3];
  const std::size_t of_name = static_cast<unsigned char>(answer->back()) + std::size_t{1};
  const std::size_t address = kind == 1 ? 4 : kind == 4 ? 16 : of_name;
  Outcome<std::string> rest = co_await receive(socket, proxy, address - 1 + 2);
  if (!rest) co_return tl::unexpected<Failure>{rest.error()};
  co_return Outcome<void>{};
}

}  // namespace

asio::awaitable<Outcome<void>> open_tunnel(Socket& socket, Proxy proxy, std::string host, std::uint16_t port) {
  if (proxy.kind == Proxy::Kind::socks5) {
    Outcome<void> done = co_await connect_socks(socket, proxy, host, port);
    co_return done;
  }
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::string target = fmt::format("{}:{}", name, port);
  Outcome<void> done = co_await connect(socket, proxy, target);
  co_return done;
}

}  // namespace nmz::http
