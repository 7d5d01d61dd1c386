// A worker that nobody can reach and that therefore calls: it connects to the relay, both prove who they are, and is an
// ordinary worker on that connection.
//
// When the connection breaks, the relay may have died and another one may take its place: everything of the job is
// killed and the worker calls again. When that is in vain for 20 seconds, or the coordinator told it to end, it ends
// with success, because a Swarm starts tasks again that failed. A relay that closes at once, as it does for a wrong
// token, counts as one that cannot be reached.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "exit_code.hpp"
#include "secure_channel.hpp"
#include "tcp.hpp"
#include "tree_root.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Dialer {
 public:
  /// From NMZ_RELAY ("10.0.1.7:4000"), NMZ_TOKEN_FILE and NMZ_DIAL_LIMIT_MS (for tests), which are gone from the
  /// environment and from /proc/self/environ afterwards: what a test sees and prints is none of them. Nothing when one
  /// is missing.
  [[nodiscard]] static std::optional<Dialer> from_environment();

  /// `signals`: as for the Agent.
  [[nodiscard]] ExitCode work(UniqueFd signals, const std::shared_ptr<TreeRoot>& tree);

 private:
  using Clock = std::chrono::steady_clock;

  /// As the worker's Swarm secret says it.
  struct Place {
    std::uint32_t slot = 0;
    std::string task;
    CallKeys keys;
  };
  [[nodiscard]] static std::optional<Place> read_place(const char* file);
  Dialer(Address relay, Place place, std::chrono::milliseconds limit);

  struct Call {
    UniqueFd fd;
    Session session;
  };

  /// A connection with a relay that knows the key; nothing, and a reason, when there is none.
  [[nodiscard]] std::optional<Call> dial();
  [[nodiscard]] std::optional<Call> try_once();
  [[nodiscard]] UniqueFd connect();
  [[nodiscard]] std::optional<Session> shake_hands(int fd);
  /// False when a signal came or the time is over first. `fd`: waits for the events; -1 = only for the time.
  [[nodiscard]] bool wait(int fd, short events, Clock::time_point until);

  Address relay_;
  Place place_;
  /// The ones before, in case that the relay never got the last word of a handshake: they are tried in turn. Once the
  /// coordinator has said something they are in no memory any more, and the token with them.
  std::optional<CallKeys> earlier_keys_;
  std::chrono::milliseconds limit_;
  UniqueFd signals_;
  Clock::time_point deadline_;
  std::string reason_ = "no answer";
  bool signalled_ = false;
};

}  // namespace nmz::agent
