// A whole run, from a program's main thread: the coordinator on an io_context, with the user's signals.
#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "nmz/coordinator/coordinator.hpp"

namespace nmz::coordinator {

/// The user's signals (see interruption.hpp), for an event loop. From the first Signals on they are taken until the
/// program ends: one that comes before the run has begun ends it at its beginning, one that comes after its end is too
/// late to end anything, such as the removal of what the run has made, or the writing of its reports. A second one ends
/// the program within a second, whatever it does.
class Signals {
 public:
  explicit Signals(boost::asio::io_context& io);

  /// Calls `arrived` from `io` for each one that ends the run, and `workers` for those that change the number of
  /// workers, until stop(). Also again after that, for another run.
  void listen(const std::function<void()>& arrived, const std::function<void(std::int32_t by)>& workers);
  void stop();

 private:
  using Bell = boost::asio::posix::stream_descriptor;
  void wait(Bell& bell, std::function<void(std::uint64_t)> rang);

  Bell bell_;
  Bell workers_;
  bool stopped_ = false;
};

/// Runs `io` until the run has ended. The first signal ends it politely (`interrupted` is called, to tell the user),
/// the second one at once. SIGUSR1 and SIGUSR2 change the number of workers. `attended` is told of the coordinator, for
/// whoever has wishes, and at the end of null: nothing may be left on `io` then.
[[nodiscard]] RunEnd conduct(boost::asio::io_context& io, Signals& signals, const Parts& parts, const Options& options,
                             std::function<void()> interrupted, const std::function<void(Coordinator*)>& attended = {});

}  // namespace nmz::coordinator
