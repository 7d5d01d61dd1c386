// An HTTP/1.1 client for the APIs of clusters: calls with deadlines, long answers that are read while they come, and
// connections that are taken over (RFC 9110, RFC 9112).
//
// Connections are kept and used again. One of those may have been closed by the other side in the meantime: what only
// asks (GET) is asked again on a fresh one then; what changes something gets a fresh one from the start. There is no
// redirection, no cookie, no cache and no proxy: none of our peers has any.
//
// Only two files see Beast, for its parser and serializer (response_parser.cpp, request_head.cpp); its own reading and
// writing is left out, so that everything here runs over any byte stream, also one in memory that fails at a chosen
// byte.
//
// For one executor's thread. Every call can be cancelled (Asio's per-operation cancellation, terminal).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/http/failure.hpp"
#include "nmz/http/transport.hpp"

namespace nmz::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Which answers hand the connection over to the caller.
enum class Upgrade : std::uint8_t {
  none,
  switching,        ///< 101
  switching_or_ok,  ///< also 200, as old Docker Engines, and proxies that hide the upgrade, tell it
};

struct Request {
  Request() = default;
  Request(std::string method_in, std::string target_in) : method{std::move(method_in)}, target{std::move(target_in)} {}

  std::string method = "GET";
  std::string target;
  Headers headers;
  std::string body;
  std::string content_type;                             ///< empty: there is no body
  std::function<std::optional<std::string>()> produce;  ///< the body in pieces until an empty one; nothing: give up
  /// If set, it gets the body of an answer below 400 in pieces as they come; false ends the call.
  std::function<bool(std::string_view)> sink;
  Upgrade upgrade = Upgrade::none;
  std::chrono::milliseconds deadline{
      30000};  ///< from the connection to the end of the answer, or the upgrade; 0 = none
};

struct Answer {
  Answer() = default;
  unsigned status = 0;
  Headers headers;
  std::string body;                    ///< unless a sink got it
  std::shared_ptr<ByteStream> stream;  ///< after an upgrade: plain bytes both ways
};

struct ClientOptions {
  ClientOptions() = default;
  std::string host = "localhost";  ///< the header
  Headers headers;                 ///< of every request: Authorization
  std::size_t most_idle = 16;      ///< connections that are kept
  std::size_t largest_answer = std::size_t{64} << 20;
};

class Client {
 public:
  /// Makes a connection, that is not open yet.
  using Dial = std::function<Outcome<std::shared_ptr<Transport>>()>;

  Client(boost::asio::any_io_executor executor, Dial dial, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;
  ~Client();

  /// Every status is an answer.
  boost::asio::awaitable<Outcome<Answer>> call(Request request);
  /// Ends everything under way with `cancelled`, streams that were handed over included. Later calls fail at once.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace nmz::http
