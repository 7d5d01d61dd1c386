// What a coordinator and its relay say to each other, and how a worker's agent introduces itself to the relay.
//
// A relay is an agent inside the cluster (`nmzagent --relay`). Workers, which nobody outside can reach, connect to it
// by TCP; the coordinator speaks to it over one stream, the hijacked stdin and stdout of its container, in which every
// connected worker has a channel. What flows in a channel are the frames of codec.hpp, which the relay does not read.
//
//     coordinator                          relay                              worker's agent
//     RelayHello ------------------------>
//       <----------------------- RelayReady
//                                             <------------- calls (handshake: agent/secure_channel.hpp)
//       <-------------------- ChannelOpened
//     ChannelData -----------------------> writes to the connection -------->
//       <-------------------- ChannelCredit   (bytes written so far may be followed by as many)
//       <---------------------- ChannelData   <------------- reads
//     ChannelClose ----------------------> closes the connection
//       <-------------------- ChannelClosed   (also when the worker's side ended)
//     end of the stream -----------------> closes everything and exits
//
// Bytes that go to several workers cross the coordinator's stream once: ChannelData with `keep` is also kept by the
// relay, under numbers 0, 1, 2, ... in the order it came, and ChannelReplay writes a kept piece to another channel.
// The relay keeps them in an unlinked file, not in memory.
//
// The coordinator never has more than `channel_window` bytes of a channel (data and replays counted by their size) on
// the way without credit for them. The other direction needs no credit: a coordinator reads all the time, and while it
// does not, the relay does not read from its workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::wire {

inline constexpr std::uint32_t relay_protocol_version = 3;
inline constexpr std::size_t channel_window = std::size_t{1} << 20;
/// A piece of channel data is at most this long.
inline constexpr std::size_t max_piece = std::size_t{256} << 10;
inline constexpr std::size_t token_size = 32;
/// Keys of replaced workers that are remembered.
inline constexpr std::size_t former_keys = 8;

/// One connection of one worker's agent; never reused while the relay lives.
enum class ChannelId : std::uint32_t {};

// ---- coordinator -> relay

struct RelayHello {
  std::uint32_t protocol = relay_protocol_version;
  /// Of the worker slots 1, 2, ...: the token that its tasks find in their Swarm secret, and the key that it has to
  /// call with now. They differ once the token has been used. All are of token_size. Behind the key are those before
  /// it, the latest first: their workers have been replaced and may come back.
  std::vector<std::string> tokens;
  std::vector<std::string> keys;
  std::string address;     ///< numeric IPv4 or IPv6 address to listen on; "0.0.0.0" and "::" are all
  std::uint16_t port = 0;  ///< 0 = any free one
  friend bool operator==(const RelayHello&, const RelayHello&) = default;
};

struct ChannelReplay {
  ChannelId channel{};
  std::uint32_t piece = 0;
  friend bool operator==(const ChannelReplay&, const ChannelReplay&) = default;
};

struct ChannelClose {
  ChannelId channel{};
  friend bool operator==(const ChannelClose&, const ChannelClose&) = default;
};

/// The Swarm says that this task has the slot now: what it calls with counts, once.
struct TaskAdmitted {
  std::uint32_t slot = 0;
  std::string task;
  friend bool operator==(const TaskAdmitted&, const TaskAdmitted&) = default;
};

// ---- both ways

struct ChannelData {
  ChannelId channel{};
  bool keep = false;  ///< coordinator to relay only
  std::string bytes;
  friend bool operator==(const ChannelData&, const ChannelData&) = default;
};

// ---- relay -> coordinator

struct RelayReady {
  std::uint32_t protocol = relay_protocol_version;
  std::uint16_t port = 0;
  std::string failure;  ///< why it cannot listen, one line; empty = it does
  friend bool operator==(const RelayReady&, const RelayReady&) = default;
};

struct ChannelOpened {
  ChannelId channel{};
  std::string peer;  ///< "10.0.1.7:43210"
  std::uint32_t slot = 0;
  std::string task;
  std::string next_key;  ///< for the next call of this slot
  friend bool operator==(const ChannelOpened&, const ChannelOpened&) = default;
};

struct ChannelCredit {
  ChannelId channel{};
  std::uint32_t bytes = 0;
  friend bool operator==(const ChannelCredit&, const ChannelCredit&) = default;
};

struct ChannelClosed {
  ChannelId channel{};
  std::string reason;  ///< one line, empty for an orderly end
  friend bool operator==(const ChannelClosed&, const ChannelClosed&) = default;
};

/// Somebody called and is no worker.
struct CallRefused {
  std::uint32_t slot = 0;  ///< whose token it knew, which does not count any more; 0 = nobody's
  std::string peer;
  friend bool operator==(const CallRefused&, const CallRefused&) = default;
};

using RelayMessage = std::variant<RelayHello, ChannelReplay, ChannelClose, ChannelData, RelayReady, ChannelOpened,
                                  ChannelCredit, ChannelClosed, TaskAdmitted, CallRefused>;

/// Appends the message's frame to `out`; framed as in codec.hpp.
void encode(const RelayMessage& message, std::string& out);

/// Cuts a byte stream into messages, as Decoder does.
class RelayDecoder {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] Result<std::optional<RelayMessage>> next();

 private:
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::optional<Error> error_;
};

}  // namespace nmz::wire
