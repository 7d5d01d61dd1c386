// A stream that says how many like it there are.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

/// Counts the streams that are in use.
class CountedStream final : public Stream {
 public:
  CountedStream(std::shared_ptr<Stream> stream, std::shared_ptr<std::size_t> count)
      : stream_{std::move(stream)}, count_{std::move(count)} {
    ++*count_;
  }
  CountedStream(const CountedStream&) = delete;
  CountedStream& operator=(const CountedStream&) = delete;
  CountedStream(CountedStream&&) = delete;
  CountedStream& operator=(CountedStream&&) = delete;
  ~CountedStream() override { --*count_; }

  boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override { return stream_->read(buffer); }
  boost::asio::awaitable<Result<void>> write(std::string bytes) override { return stream_->write(std::move(bytes)); }
  void close() override { stream_->close(); }

 private:
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<std::size_t> count_;
};

}  // namespace nmz::orchestrator
