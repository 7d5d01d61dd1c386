// The channels of a container over one WebSocket (v4.channel.k8s.io and v5.channel.k8s.io).
//
// The first byte of a binary message is the channel: 0 stdin, 1 stdout, 2 stderr, 3 how it ended (a Status as JSON).
// The server reads a frame at a time and takes each for a message (its library hands continuations out as such), so
// nothing is sent in pieces, and in no larger ones than kubectl sends. Its first message is empty, as others may be.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/http/transport.hpp"
#include "nmz/kubernetes/client.hpp"

#include "web_socket.hpp"

namespace nmz::kubernetes {

/// Frames for stdin: `bytes` in messages of a size that servers take.
[[nodiscard]] std::string stdin_frames(std::string_view bytes);

class ChannelStream final : public http::Attached {
 public:
  ChannelStream(boost::asio::any_io_executor executor, std::shared_ptr<http::ByteStream> stream);
  ~ChannelStream() override;
  boost::asio::awaitable<Result<Output>> read(std::span<char> buffer) override;
  boost::asio::awaitable<Result<void>> write(std::string bytes) override;
  void close() override;

 private:
  boost::asio::awaitable<Result<void>> send(std::string frames);
  boost::asio::awaitable<Result<std::optional<WebSocketMessage>>> next_message();
  boost::asio::awaitable<Result<bool>> take(WebSocketMessage message);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<http::ByteStream> stream_;
  WebSocketReader reader_;
  std::vector<char> buffer_;
  std::string pending_;  ///< of a message that the caller's buffer had no room for
  std::size_t pending_at_ = 0;
  Output::From pending_from_ = Output::From::end;
  bool sending_ = false;
  std::deque<boost::asio::steady_timer*> waiting_;  ///< to send: what answers a ping meets what the caller writes
  std::optional<Error> failure_;                    ///< what the server said of the end
};

}  // namespace nmz::kubernetes
