// Calls to peers that are scripts, one script a connection.
#pragma once

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "nmz/http/client.hpp"

#include "memory_transport.hpp"

namespace nmz::http {

class Calls {
 public:
  explicit Calls(std::vector<std::shared_ptr<Script>> scripts, ClientOptions options = ClientOptions{})
      : scripts_{scripts.begin(), scripts.end()}, client_{io_.get_executor(), dial(), std::move(options)} {}

  Client& client() { return client_; }
  [[nodiscard]] std::size_t dialled() const { return dialled_; }

  Outcome<Answer> call(Request request) { return run(client_.call(std::move(request))); }

  /// Until its end: nothing that a script does takes time but a deadline of the caller's.
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    auto done = [&result](const std::exception_ptr& bug, T value) {
      if (bug) std::rethrow_exception(bug);
      result.emplace(std::move(value));
    };
    boost::asio::co_spawn(io_, std::move(work), std::move(done));
    io_.restart();
    io_.run();
    return std::move(*result);
  }

 private:
  Client::Dial dial() {
    return [this]() -> Outcome<std::shared_ptr<Transport>> {
      ++dialled_;
      if (scripts_.empty()) return failed(Failure::Kind::unusable, "no more scripts");
      std::shared_ptr<Script> script = std::move(scripts_.front());
      scripts_.pop_front();
      return std::make_shared<MemoryTransport>(io_.get_executor(), std::move(script));
    };
  }

  boost::asio::io_context io_;
  std::deque<std::shared_ptr<Script>> scripts_;
  std::size_t dialled_ = 0;
  Client client_;
};

inline Outcome<Answer> call_once(const std::shared_ptr<Script>& script, Request request = Request{"GET", "/"}) {
  Calls calls{{script}};
  return calls.call(std::move(request));
}

inline std::shared_ptr<Script> script_of(std::string answer) { return std::make_shared<Script>(std::move(answer)); }

}  // namespace nmz::http
