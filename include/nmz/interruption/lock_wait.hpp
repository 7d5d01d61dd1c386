// Waiting for a lock that somebody else holds: the user is told what for, and can interrupt it.
#pragma once

#include <chrono>
#include <string>

namespace nmz::interruption {

/// One wait. `what`: for a line on standard error when it takes long ("'/a/lock', which another run holds").
class LockWait {
 public:
  explicit LockWait(std::string what, std::chrono::milliseconds limit = std::chrono::hours{24 * 365});

  /// Waits an instant before the next try. False where there is none: the time is over, or the user has interrupted.
  [[nodiscard]] bool again();

 private:
  std::string what_;
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  std::chrono::milliseconds pause_{1};
  bool told_ = false;
};

/// flock(2) with `how`; without LOCK_NB a wait as above, for `path`. Returns 0, or an errno: ECANCELED when
/// interrupted.
[[nodiscard]] int lock_file(int fd, int how, const std::string& path);

}  // namespace nmz::interruption
