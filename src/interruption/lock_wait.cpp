#include "nmz/interruption/lock_wait.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include <sys/file.h>

#include "nmz/interruption/interruption.hpp"
#include "nmz/output/standard_streams.hpp"

namespace nmz::interruption {
namespace {

constexpr std::chrono::milliseconds longest_pause{50};
constexpr std::chrono::milliseconds silence{1000};
/// Of a program that was asked to end: who holds a lock for an instant is waited for all the same.
constexpr std::chrono::milliseconds when_interrupted{200};

}  // namespace

LockWait::LockWait(std::string what, std::chrono::milliseconds limit) : what_{std::move(what)}, limit_{limit} {}

bool LockWait::again() {
  const auto waited = std::chrono::steady_clock::now() - since_;
  if (waited >= (signals_seen() > 0 ? std::min(limit_, when_interrupted) : limit_)) return false;
  if (waited >= silence && !std::exchange(told_, true)) {
    output::complain(::program_invocation_short_name, "waiting for " + what_);
  }
  std::this_thread::sleep_for(pause_);
  pause_ = std::min(pause_ * 2, longest_pause);
  return true;
}

int lock_file(int fd, int how, const std::string& path) {
  LockWait wait{"'" + path + "', which another program has locked"};
  while (::flock(fd, how | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || (how & LOCK_NB) != 0) return errno;
    if (!wait.again()) return ECANCELED;
  }
  return 0;
}

}  // namespace nmz::interruption
