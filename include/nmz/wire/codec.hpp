// Messages to bytes and back.
//
// A frame is a 4-byte little-endian payload length, one type byte, then the payload: the message's fields in order,
// integers little-endian and fixed-width, strings and lists preceded by a 4-byte count. Nothing is self-describing:
// both ends are built together and agree on protocol_version first. Lengths are checked before anything is allocated,
// so a hostile or broken peer costs at most a small multiple of max_payload.
#pragma once

#include <cstddef>
#include <cstdint>
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
  /// `largest`: of a payload that is accepted, at most max_payload.
  explicit Decoder(std::size_t largest = max_payload) : largest_{largest} {}

  void feed(std::string_view bytes);

  /// The next whole message, nothing while one is incomplete, or `rejected` for bytes that are no message.
  [[nodiscard]] Result<std::optional<Message>> next();

  /// True when no incomplete frame is waiting: the stream may end here.
  [[nodiscard]] bool at_boundary() const;

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::size_t largest_;
  std::optional<Error> error_;
};

/// The paths that a tree, or a part of it, has: how many, and how long they are together.
struct PathTotals {
  std::uint64_t paths = 0;
  std::uint64_t bytes = 0;
  bool replaced = false;  ///< it begins by removing everything
};

/// Of TreeFile and TreeDirectory among whole frames. Contents are passed over, not copied.
[[nodiscard]] PathTotals path_totals(std::string_view frames);

}  // namespace nmz::wire
