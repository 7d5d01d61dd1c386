// What the relay's epoll events are about.
#pragma once

#include <cerrno>
#include <cstdint>

namespace nmz::agent {

// The upper half of a tag says what kind of thing, the lower half which one.
inline constexpr std::uint64_t kind_shift = 32;
enum class Kind : std::uint64_t { signals, coordinator_in, coordinator_out, listener, visitor, channel };

constexpr std::uint64_t tag_of(Kind kind, std::uint32_t number = 0) {
  return static_cast<std::uint64_t>(kind) << kind_shift | number;
}

inline bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace nmz::agent
