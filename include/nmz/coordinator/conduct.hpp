// A whole run, from a program's main thread: the coordinator on an io_context, with the user's signals.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "nmz/coordinator/coordinator.hpp"

namespace nmz::coordinator {

/// The user's SIGINT, SIGTERM and SIGHUP, kept from the program for as long as this lives: one that comes before the
/// run has begun ends it at its beginning, one that comes after its end is too late to end anything. Without it a
/// second Ctrl-C could end the program while it removes what it has made, or writes its reports. Under nohup SIGHUP is
/// ignored.
class Signals {
 public:
  explicit Signals(boost::asio::io_context& io);

  /// Calls `arrived` from `io` for each one, until stop().
  void listen(std::function<void()> arrived);
  void stop();
  /// For a program that is about to end: from now on none can end it any more, not even when this is gone.
  static void hold();

 private:
  boost::asio::signal_set set_;
  bool stopped_ = false;
};

/// Runs `io` until the run has ended. The first signal ends it politely (`interrupted` is called, to tell the user),
/// the second one at once.
[[nodiscard]] RunEnd conduct(boost::asio::io_context& io, Signals& signals, const Parts& parts, const Options& options,
                             std::function<void()> interrupted);

}  // namespace nmz::coordinator
