#include "nmz/coordinator/conduct.hpp"

#include <csignal>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

namespace nmz::coordinator {
namespace asio = boost::asio;
namespace {

class Signals {
 public:
  Signals(asio::io_context& io, Coordinator& coordinator, std::function<void()> first)
      : set_{io, SIGINT, SIGTERM, SIGHUP}, coordinator_{coordinator}, first_{std::move(first)} {
    wait();
  }
  void stop() { set_.cancel(); }

 private:
  void wait() {
    set_.async_wait([this](const boost::system::error_code& code, int /*signal*/) {
      if (code) return;
      if (!std::exchange(seen_, true)) first_();
      coordinator_.interrupt();
      wait();
    });
  }

  asio::signal_set set_;
  Coordinator& coordinator_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::function<void()> first_;
  bool seen_ = false;
};

}  // namespace

RunEnd conduct(asio::io_context& io, const Parts& parts, const Options& options, std::function<void()> interrupted) {
  Coordinator coordinator{io, parts, options};
  Signals signals{io, coordinator, std::move(interrupted)};
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
