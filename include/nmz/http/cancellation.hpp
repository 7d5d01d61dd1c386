// Per-operation cancellation, where errors are results. Asio tells a signal to the one operation that is under way; one
// that comes while a finished operation's handler waits in the queue is only remembered. Where co_await does not throw
// (throw_if_cancelled(false)) that has to be asked for before each operation that may last.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace nmz::http {

inline boost::asio::awaitable<bool> is_cancelled() {
  const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace nmz::http
