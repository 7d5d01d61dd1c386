// Messages to bytes and back.
//
// A frame is a 4-byte little-endian payload length, one type byte, then the payload: the message's fields in order,
// integers little-endian and fixed-width, strings and lists preceded by a 4-byte count. Nothing is self-describing:
// both ends are built together and agree on protocol_version first. Lengths are checked before anything is allocated,
// so a hostile or broken peer costs at most a small multiple of max_payload.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::wire {

inline constexpr std::size_t header_size = 5;
inline constexpr std::size_t max_payload = std::size_t{4} << 20;
/// What a sender puts into one TreeData or Log at most.
inline constexpr std::size_t data_chunk = std::size_t{64} << 10;

/// Appends the message's frame to `out`. Precondition: the payload is at most max_payload; a larger one throws
/// std::length_error (callers bound what users give them: see fits()).
void encode(const Message& message, std::string& out);

/// Whether encode() would accept the message.
[[nodiscard]] bool fits(const Message& message);

/// Cuts a byte stream into messages. After an error the stream is unusable: every later next() gives the same error.
class Decoder {
 public:
  void feed(std::string_view bytes);

  /// The next whole message, nothing while one is incomplete, or `rejected` for bytes that are no message.
  [[nodiscard]] Result<std::optional<Message>> next();

  /// True when no incomplete frame is waiting: the stream may end here.
  [[nodiscard]] bool at_boundary() const;

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::optional<Error> error_;
};

}  // namespace nmz::wire
