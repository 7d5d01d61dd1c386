// The frames of a WebSocket's client (RFC 6455). Pure: bytes in, messages out.
//
// The handshake is an HTTP request, which nmz::http makes. What is left is this little, and Beast's own costs 20
// seconds of compilation and wants a socket of Asio's, where ours is any stream of bytes. No extension is offered, so a
// frame with a reserved bit is an error, as is everything else that a server must not send.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::kubernetes {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What Sec-WebSocket-Accept has to be for this Sec-WebSocket-Key (section 4.2.2).
[[nodiscard]] std::string web_socket_accept(const std::string& key);

/// Adds one final frame to `out`. `mask`: four random bytes (section 5.3).
void append_frame(Opcode opcode, std::string_view payload, std::array<unsigned char, 4> mask, std::string& out);

struct WebSocketMessage {
  WebSocketMessage() = default;
  Opcode opcode = Opcode::binary;  ///< of the first frame; never a continuation
  std::string payload;
};

/// Puts messages together from what a server sends, cut anywhere.
class WebSocketReader {
 public:
  /// A message of more bytes is an error.
  explicit WebSocketReader(std::size_t longest) : longest_{longest} {}

  void feed(std::string_view bytes);
  /// The next message; nothing: it has not come as a whole. Errors (rejected): this is no server's stream.
  [[nodiscard]] Result<std::optional<WebSocketMessage>> next();

 private:
  struct Head {
    bool final = false;
    Opcode opcode = Opcode::continuation;
    std::size_t size = 0;    ///< of the head itself
    std::uint64_t body = 0;  ///< bytes behind it
  };
  [[nodiscard]] Result<std::optional<Head>> head() const;
  [[nodiscard]] Result<void> check(const Head& head) const;

  std::size_t longest_;
  std::string bytes_;
  std::size_t begin_ = 0;                    ///< what of them has been taken
  std::optional<WebSocketMessage> partial_;  ///< of a message in several frames
};

}  // namespace nmz::kubernetes
