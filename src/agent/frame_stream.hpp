// Messages over the descriptor to the coordinator, without ever blocking.
//
// What is to be sent is kept in memory until the peer takes it; backlog() tells whoever produces much (the log of a
// test, the other workers of a relay) to stop producing. Reading is bounded by what one read() takes. The two
// directions may be two descriptors (stdin and stdout under a container engine) or one socket.
//
// A worker hears the messages of codec.hpp, a relay those of relay.hpp; all else is the same for both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

#include "secure_channel.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

template <class Message, class Decoder>
class BasicFrameStream {
 public:
  /// `out` is not set when `in` is a socket that is used both ways. Both become non-blocking.
  BasicFrameStream(UniqueFd in, UniqueFd out);
  /// A socket on which both directions are sealed.
  BasicFrameStream(UniqueFd socket, Session session);

  [[nodiscard]] int in() const { return in_.get(); }
  [[nodiscard]] int out() const { return out_ ? out_.get() : in_.get(); }

  /// Reads what is there. False when the peer has gone.
  [[nodiscard]] bool receive();
  [[nodiscard]] Result<std::optional<Message>> next() { return decoder_.next(); }

  void send(const Message& message) { wire::encode(message, unsent_); }
  /// Writes what the peer takes now. False when it has gone.
  [[nodiscard]] bool flush();
  [[nodiscard]] std::size_t backlog() const { return unsent_.size() - sent_ + sealed_.size() - sealed_sent_; }

 private:
  /// What is to be written next.
  [[nodiscard]] std::string_view outgoing();
  void took(std::size_t count);

  UniqueFd in_;
  UniqueFd out_;
  Decoder decoder_;
  std::vector<char> buffer_;
  std::string unsent_;
  std::size_t sent_ = 0;  ///< bytes at the front of unsent_ that are already out, or sealed
  std::optional<Session> session_;
  std::string plain_;
  std::string sealed_;  ///< one record
  std::size_t sealed_sent_ = 0;
};

extern template class BasicFrameStream<wire::Message, wire::Decoder>;
extern template class BasicFrameStream<wire::RelayMessage, wire::RelayDecoder>;
using FrameStream = BasicFrameStream<wire::Message, wire::Decoder>;
using RelayStream = BasicFrameStream<wire::RelayMessage, wire::RelayDecoder>;

}  // namespace nmz::agent
