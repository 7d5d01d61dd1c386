// A connection in memory: what the peer says is known from the start, comes in pieces of a chosen size, and ends as
// chosen after a chosen byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "nmz/http/transport.hpp"

namespace nmz::http {

inline constexpr std::size_t all_bytes = std::numeric_limits<std::size_t>::max();

struct Script {
  enum class End : std::uint8_t { orderly, closed, broken, silent };
  Script() = default;
  explicit Script(std::string answer_in) : answer{std::move(answer_in)} {}

  std::string answer;
  std::size_t piece = all_bytes;  ///< that many bytes a read
  std::size_t cut = all_bytes;    ///< the answer ends after so many
  End end = End::orderly;         ///< and how
  std::size_t takes = all_bytes;  ///< that many bytes are taken; then writing fails
  bool opens = true;
  std::string complaint;
  std::function<void()> written = [] {};  ///< called when something has been written, between two operations
  std::string sent;                       ///< what has been written
  bool output_ended = false;
  bool was_closed = false;
};

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(boost::asio::any_io_executor executor, std::shared_ptr<Script> script)
      : bell_{std::move(executor), boost::asio::steady_timer::time_point::max()}, script_{std::move(script)} {}

  boost::asio::awaitable<Outcome<void>> open() override {
    if (!script_->opens) co_return failed(Failure::Kind::nobody_there, "Connection refused");
    co_return Outcome<void>{};
  }
  boost::asio::awaitable<Outcome<std::size_t>> read(std::span<char> buffer) override {
    const std::size_t end = std::min(script_->cut, script_->answer.size());
    if (at_ < end && !script_->was_closed) {
      const std::size_t count = std::min({buffer.size(), script_->piece, end - at_});
      script_->answer.copy(buffer.data(), count, at_);
      at_ += count;
      co_return count;
    }
    if (script_->end == Script::End::silent) {
      if (!script_->was_closed) co_await bell_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      co_return failed(Failure::Kind::cancelled, "cancelled");
    }
    if (script_->was_closed) co_return failed(Failure::Kind::cancelled, "cancelled");
    if (script_->end == Script::End::orderly) co_return std::size_t{0};
    co_return failed(script_->end == Script::End::closed ? Failure::Kind::closed : Failure::Kind::broken, "an error");
  }
  boost::asio::awaitable<Outcome<void>> write(std::string bytes) override {
    const std::size_t taken = std::min(bytes.size(), script_->takes - script_->sent.size());
    script_->sent += bytes.substr(0, taken);
    if (taken < bytes.size()) co_return failed(Failure::Kind::broken, "Broken pipe");
    script_->written();
    co_return Outcome<void>{};
  }
  boost::asio::awaitable<Outcome<void>> end_output() override {
    script_->output_ended = true;
    co_return Outcome<void>{};
  }
  void close() override {
    script_->was_closed = true;
    bell_.cancel();
  }
  [[nodiscard]] std::string complaint() const override { return script_->complaint; }

 private:
  boost::asio::steady_timer bell_;
  std::shared_ptr<Script> script_;
  std::size_t at_ = 0;
};

}  // namespace nmz::http
