// One HTTP/1.1 connection to the Engine, used for one exchange at a time.
//
// Everything that Beast's templates touch is behind this interface, in one file: they take longer to compile than all
// the rest. There are no deadlines here: whoever uses a connection closes it when time is up, and what is under way
// ends with `cancelled`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/endpoint.hpp"
#include "nmz/error/result.hpp"

namespace nmz::docker {

struct HttpRequest {
  HttpRequest() = default;
  std::string method = "GET";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string content_type;                      ///< empty: there is no body
  std::function<Result<std::string>()> produce;  ///< if set, the body in pieces until an empty one (chunked)
};

struct HttpHead {
  HttpHead() = default;
  unsigned status = 0;
  bool keep_alive = false;
};

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  virtual ~Connection() = default;

  virtual boost::asio::awaitable<Result<void>> open() = 0;
  /// Sends the request and reads the head of the answer.
  virtual boost::asio::awaitable<Result<HttpHead>> exchange(HttpRequest request) = 0;
  /// The next bytes of the answer's body; 0 at its end.
  virtual boost::asio::awaitable<Result<std::size_t>> read_body(std::span<char> buffer) = 0;

  // ---- after 101: plain bytes both ways
  virtual boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) = 0;
  virtual boost::asio::awaitable<Result<void>> write(std::string bytes) = 0;
  virtual boost::asio::awaitable<Result<void>> end_output() = 0;

  /// Ends what is under way, with `cancelled`, and everything after it.
  virtual void close() = 0;
};

/// Errors (misconfigured): certificates that cannot be read.
[[nodiscard]] Result<std::shared_ptr<Connection>> make_connection(const boost::asio::any_io_executor& executor,
                                                                  const Endpoint& endpoint);

}  // namespace nmz::docker
