// Wakes every coroutine that waits; for coroutines of one io_context thread.
#pragma once

#include <chrono>
#include <set>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nmz::orchestrator {

class Bell {
 public:
  explicit Bell(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

  void ring() {
    for (boost::asio::steady_timer* waiter : waiters_) waiter->cancel();
  }
  boost::asio::awaitable<void> wait() {
    boost::asio::steady_timer timer{executor_, boost::asio::steady_timer::time_point::max()};
    co_await wait_on(timer);
  }
  boost::asio::awaitable<void> wait(std::chrono::milliseconds most) {
    boost::asio::steady_timer timer{executor_, most};
    co_await wait_on(timer);
  }

 private:
  boost::asio::awaitable<void> wait_on(boost::asio::steady_timer& timer) {
    waiters_.insert(&timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    waiters_.erase(&timer);
  }

  boost::asio::any_io_executor executor_;
  std::set<boost::asio::steady_timer*> waiters_;
};

}  // namespace nmz::orchestrator
