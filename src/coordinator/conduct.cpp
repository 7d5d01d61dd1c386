#include "nmz/coordinator/conduct.hpp"

#include <csignal>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>

namespace nmz::coordinator {
namespace asio = boost::asio;
namespace {

bool is_ignored(int number) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals(asio::io_context& io) : set_{io, SIGINT, SIGTERM} {
  if (!is_ignored(SIGHUP)) set_.add(SIGHUP);
}

void Signals::listen(std::function<void()> arrived) {
  set_.async_wait([this, arrived = std::move(arrived)](const boost::system::error_code& code, int /*signal*/) {
    if (code || stopped_) return;
    arrived();
    listen(arrived);
  });
}

/// One that has arrived, but was not told yet, cannot be cancelled; it must not be waited for again.
void Signals::stop() {
  stopped_ = true;
  set_.cancel();
}

void Signals::hold() {
  sigset_t all{};
  ::sigemptyset(&all);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&all, number);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

RunEnd conduct(asio::io_context& io, Signals& signals, const Parts& parts, const Options& options,
               std::function<void()> interrupted) {
  Coordinator coordinator{io, parts, options};
  bool seen = false;
  signals.listen([&coordinator, &seen, told = std::move(interrupted)] {
    if (!std::exchange(seen, true)) told();
    coordinator.interrupt();
  });
  RunEnd end;
  auto done = [&end, &signals](const std::exception_ptr& bug, RunEnd result) {
    signals.stop();
    if (bug) std::rethrow_exception(bug);
    end = std::move(result);
  };
  asio::co_spawn(io, coordinator.run(), std::move(done));
  io.run();
  return end;
}

}  // namespace nmz::coordinator
