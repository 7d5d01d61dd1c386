#include "nmz/interruption/farewell.hpp"

#include <atomic>
#include <csignal>
#include <initializer_list>

#include <unistd.h>

namespace nmz::interruption {
namespace {

std::atomic<const Farewell*> owed{nullptr};

/// Its default is in force again, and ends the program when this has returned.
void end_by(int number) {
  bid_farewell();
  static_cast<void>(::raise(number));
}

void take(int number) {
  struct sigaction now {};
  if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct sigaction with_farewell {};
  with_farewell.sa_handler = end_by;
  with_farewell.sa_flags = static_cast<int>(SA_RESETHAND);
  static_cast<void>(::sigaction(number, &with_farewell, nullptr));
}

}  // namespace

void owe(const Farewell* farewell) {
  owed = farewell;
  if (farewell == nullptr) return;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) take(number);
}

void bid_farewell() noexcept {
  const Farewell* const farewell = owed.exchange(nullptr);
  if (farewell == nullptr) return;
  std::size_t done = 0;
  while (done < farewell->size) {
    const ssize_t written = ::write(farewell->terminal, farewell->bytes.data() + done, farewell->size - done);
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  static_cast<void>(::tcsetattr(farewell->terminal, TCSANOW, &farewell->modes));
}

}  // namespace nmz::interruption
