// A queue between coroutines of one io_context thread: put() never waits, take() waits for a letter or for close().
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nmz::coordinator {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(const boost::asio::any_io_executor& executor)
      : bell_{executor, boost::asio::steady_timer::time_point::max()} {}

  void put(T letter) {
    letters_.push_back(std::move(letter));
    bell_.cancel();
  }

  /// From now on take() gives what is left, then nothing.
  void close() {
    closed_ = true;
    bell_.cancel();
  }

  /// Without waiting.
  [[nodiscard]] std::optional<T> take_now() {
    std::optional<T> letter;
    if (!letters_.empty()) {
      letter.emplace(std::move(letters_.front()));
      letters_.pop_front();
    }
    return letter;
  }

  /// One taker at a time.
  boost::asio::awaitable<std::optional<T>> take() {
    while (letters_.empty() && !closed_) {
      co_await bell_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    std::optional<T> letter = take_now();
    co_return letter;
  }

 private:
  std::deque<T> letters_;
  bool closed_ = false;
  boost::asio::steady_timer bell_;
};

/// Counts running coroutines, so that their owner can wait for the last of them.
class TaskGroup {
 public:
  explicit TaskGroup(const boost::asio::any_io_executor& executor)
      : bell_{executor, boost::asio::steady_timer::time_point::max()} {}

  void enter() { ++running_; }
  void leave() {
    if (--running_ == 0) bell_.cancel();
  }
  boost::asio::awaitable<void> empty() {
    while (running_ > 0) co_await bell_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

 private:
  int running_ = 0;
  boost::asio::steady_timer bell_;
};

}  // namespace nmz::coordinator
