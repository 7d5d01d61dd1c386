// Messages over the descriptor to the coordinator, without ever blocking.
//
// What is to be sent is kept in memory until the peer takes it; backlog() tells whoever produces much (the log of a
// test) to stop producing. Reading is bounded by what one read() takes. The two directions may be two descriptors
// (stdin and stdout under a container engine) or one socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nmz/wire/codec.hpp"

#include "unique_fd.hpp"

namespace nmz::agent {

class FrameStream {
 public:
  /// `out` is not set when `in` is a socket that is used both ways. Both become non-blocking.
  FrameStream(UniqueFd in, UniqueFd out);

  [[nodiscard]] int in() const { return in_.get(); }
  [[nodiscard]] int out() const { return out_ ? out_.get() : in_.get(); }

  /// Reads what is there. False when the peer has gone.
  [[nodiscard]] bool receive();
  [[nodiscard]] Result<std::optional<wire::Message>> next() { return decoder_.next(); }

  void send(const wire::Message& message) { wire::encode(message, unsent_); }
  /// Writes what the peer takes now. False when it has gone.
  [[nodiscard]] bool flush();
  [[nodiscard]] std::size_t backlog() const { return unsent_.size() - sent_; }

 private:
  UniqueFd in_;
  UniqueFd out_;
  wire::Decoder decoder_;
  std::vector<char> buffer_;
  std::string unsent_;
  std::size_t sent_ = 0;  ///< bytes at the front of unsent_ that are already out
};

}  // namespace nmz::agent
