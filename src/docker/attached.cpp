#include "attached.hpp"

#include <algorithm>
#include <cstring>

#include "wording.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

}  // namespace

Result<Demultiplexer::Piece> Demultiplexer::next(std::span<const char> bytes, std::size_t& position) {
  while (position < bytes.size()) {
    if (left_ > 0) {
      Piece piece;
      piece.from = from_;
      piece.begin = position;
      piece.size = std::min(left_, bytes.size() - position);
      left_ -= piece.size;
      position += piece.size;
      return piece;
    }
    header_.at(header_size_++) = static_cast<unsigned char>(bytes[position++]);
    if (header_size_ < header_.size()) continue;
    header_size_ = 0;
    if ((header_[0] != 1 && header_[0] != 2) || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) {
      return fail(ErrorKind::rejected, "the Docker Engine sent something that is no attached stream");
    }
    from_ = header_[0] == 1 ? From::out : From::err;
    for (std::size_t i = 4; i < header_.size(); ++i) left_ = left_ << 8U | header_.at(i);
  }
  return Piece{};
}

AttachedStream::AttachedStream(std::shared_ptr<http::ByteStream> stream)
    : stream_{std::move(stream)}, buffer_(read_size) {}

AttachedStream::~AttachedStream() { stream_->close(); }

asio::awaitable<Result<Attached::Output>> AttachedStream::read(std::span<char> buffer) {
  while (pending_.size == 0) {
    const std::span<const char> bytes{buffer_.data(), filled_};
    Result<Demultiplexer::Piece> piece = demultiplexer_.next(bytes, position_);
    if (!piece) co_return tl::unexpected<Error>{piece.error()};
    if (piece->size > 0) {
      pending_.from = piece->from;
      pending_.size = piece->size;
      pending_at_ = piece->begin;
      break;
    }
    const std::span<char> space{buffer_};
    http::Outcome<std::size_t> count = co_await stream_->read(space);
    if (!count) co_return tl::unexpected<Error>{worded(count.error())};
    if (*count == 0) co_return Output{};
    filled_ = *count;
    position_ = 0;
  }
  Output output;
  output.from = pending_.from;
  output.size = std::min(buffer.size(), pending_.size);
  std::memcpy(buffer.data(), buffer_.data() + pending_at_, output.size);
  pending_.size -= output.size;
  pending_at_ += output.size;
  co_return output;
}

asio::awaitable<Result<void>> AttachedStream::write(std::string bytes) {
  http::Outcome<void> written = co_await stream_->write(std::move(bytes));
  if (!written) co_return tl::unexpected<Error>{worded(written.error())};
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AttachedStream::end_input() {
  http::Outcome<void> ended = co_await stream_->end_output();
  if (ended) co_return Result<void>{};
  if (ended.error().kind != http::Failure::Kind::unusable) co_return tl::unexpected<Error>{worded(ended.error())};
  co_return fail(ErrorKind::rejected, "a container's input cannot be ended by itself over TLS");
}

void AttachedStream::close() { stream_->close(); }

}  // namespace nmz::docker
