// Runs a blocking function on one of some threads and continues the coroutine on its own thread.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "mailbox.hpp"

namespace nmz::coordinator {

template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> on_pool(boost::asio::io_context& pool,
                                                         boost::asio::any_io_executor executor, F function) {
  using Value = std::invoke_result_t<F&>;
  auto answer = std::make_shared<Mailbox<Value>>(executor);
  auto work = [answer, executor, function = std::move(function)]() mutable {
    // Boxed, so that the value travels through a copyable handler and is destroyed on the coroutine's thread.
    auto value = std::make_shared<Value>(function());
    boost::asio::post(executor, [answer, value] { answer->put(std::move(*value)); });
  };
  boost::asio::post(pool, std::move(work));
  std::optional<Value> value = co_await answer->take();
  co_return std::move(*value);
}

}  // namespace nmz::coordinator
