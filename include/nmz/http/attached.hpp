// What is attached to over a connection that a server has given up to it (101): a program's stdin and its two outputs,
// each way of framing them in the folder of the API that has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "nmz/error/result.hpp"

namespace nmz::http {

/// One read and one write may be under way at a time.
class Attached {
 public:
  struct Output {
    enum class From : std::uint8_t { end, out, err };
    From from = From::end;
    std::size_t size = 0;
  };

  Attached() = default;
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  Attached(Attached&&) = delete;
  Attached& operator=(Attached&&) = delete;
  virtual ~Attached() = default;

  /// At least one byte of one of the two outputs into `buffer`; From::end is the end of the stream, which need not be
  /// the end of what was written: servers may lose output without a word.
  virtual boost::asio::awaitable<Result<Output>> read(std::span<char> buffer) = 0;
  /// All of `bytes` to its stdin.
  virtual boost::asio::awaitable<Result<void>> write(std::string bytes) = 0;
  /// Ends reads and writes under way, with `cancelled`.
  virtual void close() = 0;
};

}  // namespace nmz::http
