#include "nmz/coordinator/conduct.hpp"

#include <cerrno>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "nmz/interruption/interruption.hpp"

namespace nmz::coordinator {
namespace asio = boost::asio;

namespace {

/// The event loop's own descriptor of it, which it closes.
int own(int (*bell)()) {
  interruption::take_signals();
  const int mine = ::fcntl(bell(), F_DUPFD_CLOEXEC, 0);
  if (mine < 0) throw std::system_error(errno, std::generic_category());
  return mine;
}

}  // namespace

Signals::Signals(asio::io_context& io)
    : bell_{io, own(interruption::descriptor)}, workers_{io, own(interruption::workers_descriptor)} {}

void Signals::listen(const std::function<void()>& arrived, const std::function<void(std::int32_t by)>& workers) {
  stopped_ = false;
  wait(bell_, [arrived](std::uint64_t count) {
    for (; count > 0; --count) arrived();
  });
  wait(workers_, [workers](std::uint64_t count) {
    const auto more = static_cast<std::int64_t>(count % interruption::fewer_workers);
    const auto fewer = static_cast<std::int64_t>(count / interruption::fewer_workers);
    workers(static_cast<std::int32_t>(more - fewer));
  });
}

void Signals::wait(Bell& bell, std::function<void(std::uint64_t)> rang) {
  bell.async_wait(Bell::wait_read, [this, &bell, rang = std::move(rang)](const boost::system::error_code& code) {
    if (code || stopped_) return;
    std::uint64_t count = 0;
    static_cast<void>(::read(bell.native_handle(), &count, sizeof count));
    rang(count);
    wait(bell, rang);
  });
}

/// One that has arrived, but was not told yet, cannot be cancelled; it must not be waited for again.
void Signals::stop() {
  stopped_ = true;
  bell_.cancel();
  workers_.cancel();
}

RunEnd conduct(asio::io_context& io, Signals& signals, const Parts& parts, const Options& options,
               std::function<void()> interrupted, const std::function<void(Coordinator*)>& attended) {
  Coordinator coordinator{io, parts, options};
  bool seen = false;
  const auto arrived = [&coordinator, &seen, told = std::move(interrupted)] {
    if (!std::exchange(seen, true)) told();
    coordinator.interrupt();
  };
  signals.listen(arrived, [&coordinator](std::int32_t by) { coordinator.change_workers(by); });
  RunEnd end;
  if (attended) attended(&coordinator);
  auto done = [&end, &signals, &attended](const std::exception_ptr& bug, RunEnd result) {
    signals.stop();
    if (attended) attended(nullptr);
    if (bug) std::rethrow_exception(bug);
    end = std::move(result);
  };
  asio::co_spawn(io, coordinator.run(), std::move(done));
  io.restart();  // after a run before this one
  io.run();
  return end;
}

}  // namespace nmz::coordinator
