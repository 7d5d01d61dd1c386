#include "nmz/coordinator/conduct.hpp"

#include <cstdint>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "nmz/interruption/interruption.hpp"

namespace nmz::coordinator {
namespace asio = boost::asio;

namespace {

/// The event loop's own descriptor of it, which it closes.
int own_bell() {
  interruption::take_signals();
  return ::fcntl(interruption::descriptor(), F_DUPFD_CLOEXEC, 0);
}

}  // namespace

Signals::Signals(asio::io_context& io) : bell_{io, own_bell()} {}

void Signals::listen(std::function<void()> arrived) {
  stopped_ = false;
  wait(std::move(arrived));
}

void Signals::wait(std::function<void()> arrived) {
  using asio::posix::stream_descriptor;
  bell_.async_wait(stream_descriptor::wait_read,
                   [this, arrived = std::move(arrived)](const boost::system::error_code& code) {
                     if (code || stopped_) return;
                     std::uint64_t count = 0;
                     static_cast<void>(::read(bell_.native_handle(), &count, sizeof count));
                     for (; count > 0; --count) arrived();
                     wait(arrived);
                   });
}

/// One that has arrived, but was not told yet, cannot be cancelled; it must not be waited for again.
void Signals::stop() {
  stopped_ = true;
  bell_.cancel();
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
  io.restart();  // after a run before this one
  io.run();
  return end;
}

}  // namespace nmz::coordinator
