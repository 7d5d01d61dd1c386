// One connection on which requests and answers alternate.
//
// There are no deadlines here: whoever uses a conversation closes it when time is up. Cancelling the coroutine ends it,
// whenever the signal comes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "nmz/http/client.hpp"

#include "response_parser.hpp"

namespace nmz::http {

class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  explicit Conversation(std::shared_ptr<Transport> transport);

  boost::asio::awaitable<Outcome<void>> open();
  /// Sends the request and reads the head of the answer.
  boost::asio::awaitable<Outcome<Answer>> exchange(Request request, const ClientOptions& options);
  /// The next bytes of the answer's body, valid until the next call; empty at its end.
  boost::asio::awaitable<Outcome<std::string_view>> read_body();
  /// Whether another request may follow once the body has been read.
  [[nodiscard]] bool goes_on() const {
    return parser_ && parser_->is_done() && parser_->keep_alive() && begin_ == end_;
  }
  [[nodiscard]] const std::shared_ptr<Transport>& transport() const { return transport_; }

  /// After the head: what follows it belongs to the caller, bytes that have come together with it included.
  [[nodiscard]] std::shared_ptr<ByteStream> taken_over();
  void close() { transport_->close(); }

 private:
  boost::asio::awaitable<Outcome<void>> write(std::string bytes);
  boost::asio::awaitable<Outcome<void>> send(Request request, std::string head);
  boost::asio::awaitable<Outcome<void>> read_head(bool without_body);
  boost::asio::awaitable<Outcome<void>> read_more();

  std::shared_ptr<Transport> transport_;
  std::optional<ResponseParser> parser_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< what has been read and not parsed
  std::size_t end_ = 0;
};

}  // namespace nmz::http
