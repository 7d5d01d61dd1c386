// The stream of a container without a terminal: stdout and stderr in frames of one connection.
//
// A frame is one byte (1 stdout, 2 stderr), three zeros, the payload's length in 4 bytes big-endian, the payload
// (Engine API, "Attach to a container", stream format).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nmz/docker/api.hpp"
#include "nmz/http/transport.hpp"

namespace nmz::docker {

/// Takes the headers off. Pure, so that it can be tested with every split of its input.
class Demultiplexer {
 public:
  using From = Attached::Output::From;
  struct Piece {
    From from = From::end;
    std::size_t begin = 0;  ///< of the bytes given to next()
    std::size_t size = 0;   ///< 0: these were all
  };

  /// The next run of payload in `bytes` from `position` on, which moves behind it. Errors: this is no such stream.
  Result<Piece> next(std::span<const char> bytes, std::size_t& position);

 private:
  std::array<unsigned char, 8> header_{};
  std::size_t header_size_ = 0;
  From from_ = From::end;
  std::size_t left_ = 0;  ///< of the current payload
};

class AttachedStream final : public Attached {
 public:
  explicit AttachedStream(std::shared_ptr<http::ByteStream> stream);
  ~AttachedStream() override;
  boost::asio::awaitable<Result<Output>> read(std::span<char> buffer) override;
  boost::asio::awaitable<Result<void>> write(std::string bytes) override;
  boost::asio::awaitable<Result<void>> end_input() override;
  void close() override;

 private:
  std::shared_ptr<http::ByteStream> stream_;
  Demultiplexer demultiplexer_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::size_t position_ = 0;
  Output pending_;              ///< a piece that the caller's buffer had no room for
  std::size_t pending_at_ = 0;  ///< where it begins in buffer_
};

}  // namespace nmz::docker
