// Running a coroutine to its end from outside of it, where a program's steps need what it finds out.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>

#include "nmz/error/result.hpp"
#include "nmz/interruption/interruption.hpp"

namespace nmz::cluster {

/// Rings when the user has sent a signal, if signals are taken. The signal is left for whoever comes next.
class Bell {
 public:
  explicit Bell(boost::asio::io_context& io) : descriptor_{io} {
    const int taken = interruption::descriptor();
    if (taken >= 0) descriptor_.assign(::fcntl(taken, F_DUPFD_CLOEXEC, 0));
  }
  void listen(boost::asio::cancellation_signal& interrupted) {
    if (!descriptor_.is_open()) return;
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [&interrupted](const boost::system::error_code& code) {
                             if (!code) interrupted.emit(boost::asio::cancellation_type::terminal);
                           });
  }
  void stop() {
    if (descriptor_.is_open()) descriptor_.cancel();
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

/// What is interrupted fails by its own call, and says so as any other failure.
template <class T>
boost::asio::awaitable<Result<T>> interruptible(boost::asio::awaitable<Result<T>> work) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  Result<T> result = co_await std::move(work);
  co_return result;
}

/// Runs a coroutine to its end on `io`, from outside of it. A transfer may last for half an hour: the user's signal
/// ends it.
template <class T>
Result<T> run_on(boost::asio::io_context& io, boost::asio::awaitable<Result<T>> work) {
  std::optional<Result<T>> answer;
  boost::asio::cancellation_signal interrupted;
  Bell bell{io};
  bell.listen(interrupted);
  auto done = [&answer, &bell](const std::exception_ptr& bug, Result<T> result) {
    bell.stop();
    if (bug) std::rethrow_exception(bug);
    answer = std::move(result);
  };
  boost::asio::awaitable<Result<T>> all = interruptible(std::move(work));
  boost::asio::co_spawn(io, std::move(all), boost::asio::bind_cancellation_slot(interrupted.slot(), std::move(done)));
  io.run();
  io.restart();
  if (!*answer && interruption::signals_seen() > 0) return fail(ErrorKind::cancelled, "interrupted");
  return std::move(*answer);
}

}  // namespace nmz::cluster
