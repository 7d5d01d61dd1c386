// One worker, spoken to as a coordinator does.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/wire/codec.hpp"

namespace nmz::orchestrator {

class Conversation {
 public:
  explicit Conversation(std::shared_ptr<Stream> stream) : stream_{std::move(stream)} {}

  boost::asio::awaitable<bool> say(wire::Message message) {
    std::string bytes;
    wire::encode(message, bytes);
    const Result<void> written = co_await stream_->write(std::move(bytes));
    co_return written.has_value();
  }

  /// The next message of this type; nothing at the end of the stream.
  template <class T>
  boost::asio::awaitable<std::optional<T>> hear() {
    std::vector<char> buffer(wire::data_chunk);
    while (true) {
      auto message = decoder_.next();
      if (!message) co_return std::nullopt;
      if (*message) {
        if (auto* wanted = std::get_if<T>(&**message)) co_return std::move(*wanted);
        continue;
      }
      const std::span<char> space{buffer};
      const Result<std::size_t> count = co_await stream_->read(space);
      if (!count || *count == 0) co_return std::nullopt;
      decoder_.feed({buffer.data(), *count});
    }
  }

 private:
  std::shared_ptr<Stream> stream_;
  wire::Decoder decoder_;
};

}  // namespace nmz::orchestrator
