// A worker that nobody can reach and that therefore calls: it connects to the relay, knocks, and is an ordinary worker
// on that connection.
//
// When the connection breaks, the relay may have died and another one may take its place: everything of the job is
// killed and the worker calls again. When that is in vain for 20 seconds, or it was told to end, it ends with success,
// because a Swarm starts tasks again that failed. A relay that closes at once, as it does for a wrong token, counts as
// one that cannot be reached.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "exit_code.hpp"
#include "tcp.hpp"
#include "tree_root.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Dialer {
 public:
  /// From NMZ_RELAY ("10.0.1.7:4000"), NMZ_TOKEN and NMZ_DIAL_LIMIT_MS (for tests), which are gone from the environment
  /// and from /proc/self/environ afterwards: what a test sees and prints is none of them. Nothing when one is missing.
  [[nodiscard]] static std::optional<Dialer> from_environment();

  /// `signals`: as for the Agent.
  [[nodiscard]] ExitCode work(UniqueFd signals, const std::shared_ptr<TreeRoot>& tree);

 private:
  using Clock = std::chrono::steady_clock;

  Dialer(Address relay, std::string knock, std::chrono::milliseconds limit);

  /// A connection on which the knock has been sent; nothing, and a reason, when there is none.
  [[nodiscard]] UniqueFd dial();
  [[nodiscard]] UniqueFd try_once();
  /// False when a signal came or the time is over first. `fd`: waits until it can be written to; -1 = only for the
  /// time.
  [[nodiscard]] bool wait(int fd, Clock::time_point until);

  Address relay_;
  std::string knock_;
  std::chrono::milliseconds limit_;
  UniqueFd signals_;
  Clock::time_point deadline_;
  std::string reason_ = "no answer";
  bool told_to_end_ = false;
};

}  // namespace nmz::agent
