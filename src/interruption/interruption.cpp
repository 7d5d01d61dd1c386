#include "nmz/interruption/interruption.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "nmz/interruption/farewell.hpp"

namespace nmz::interruption {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds same_signal{10};
constexpr std::chrono::seconds polite_end{1};
constexpr int exit_interrupted = 130;

std::atomic<unsigned> seen{0};
std::atomic<int> bell{-1};
std::atomic<int> workers_bell{-1};

bool is_ignored(int number) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// Where somebody takes it: a terminal that was stopped, or a full pipe, must not hold up the end.
void tell(int fd, std::string_view text) {
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) {
    static_cast<void>(::write(fd, text.data(), text.size()));
  }
}

void ring(int which, std::uint64_t by) { static_cast<void>(::write(which, &by, sizeof by)); }

[[noreturn]] void end_now() {
  bid_farewell();
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(fd) != 0) tell(fd, "\r\x1b[K");  // a status line may stand there
  }
  tell(STDERR_FILENO, "ended by the second signal; the next run removes what is left behind\n");
  ::_exit(exit_interrupted);
}

void take(const sigset_t& signals) {
  steady_clock::time_point last;
  while (true) {
    int number = 0;
    if (::sigwait(&signals, &number) != 0) continue;
    if (number == SIGUSR1 || number == SIGUSR2) {
      ring(workers_bell, number == SIGUSR1 ? 1 : fewer_workers);
      continue;
    }
    const auto now = steady_clock::now();
    if (seen > 0 && now - last < same_signal) continue;
    last = now;
    const unsigned count = ++seen;
    ring(bell, 1);
    if (count < 2) continue;
    std::this_thread::sleep_for(polite_end);
    end_now();
  }
}

}  // namespace

void take_signals() {
  if (bell >= 0) return;
  sigset_t signals{};
  ::sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) ::sigaddset(&signals, number);
  if (!is_ignored(SIGHUP)) ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  workers_bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell < 0 || workers_bell < 0) throw std::system_error(errno, std::generic_category());
  std::thread{[signals] { take(signals); }}.detach();
}

unsigned signals_seen() { return seen; }

int descriptor() { return bell; }

int workers_descriptor() { return workers_bell; }

}  // namespace nmz::interruption
