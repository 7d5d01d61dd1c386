#include "attached.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "nmz/process/randomness.hpp"

#include "json.hpp"
#include "wording.hpp"

namespace nmz::kubernetes {
namespace asio = boost::asio;
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t read_size = std::size_t{64} << 10;
constexpr std::size_t largest_sent = std::size_t{32} << 10;
constexpr std::size_t largest_message = (std::size_t{32} << 20) + 1;  // what servers take themselves, and its channel

enum class Channel : char { in = 0, out = 1, err = 2, status = 3 };

std::array<unsigned char, 4> fresh_mask() {
  std::array<unsigned char, 4> mask{};
  process::fill_with_randomness(std::span<unsigned char>{mask});
  return mask;
}

/// Nothing where all is well. An attach says so also of a container that has failed.
std::optional<Error> failure_in(std::string_view status) {
  const auto told = parse_json(status);
  if (!told || text_at(*told, {"status"}) != "Failure") return std::nullopt;
  return Error{ErrorKind::retryable, "its connection ended: " + one_line(text_at(*told, {"message"}))};
}

}  // namespace

std::string stdin_frames(std::string_view bytes) {
  std::string frames;
  frames.reserve(bytes.size() + (bytes.size() / largest_sent + 1) * 16);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, largest_sent);
    bytes.remove_prefix(part.size());
    std::string payload(1, static_cast<char>(Channel::in));
    payload += part;
    append_frame(Opcode::binary, payload, fresh_mask(), frames);
  }
  return frames;
}

ChannelStream::ChannelStream(asio::any_io_executor executor, std::shared_ptr<http::ByteStream> stream)
    : executor_{std::move(executor)}, stream_{std::move(stream)}, reader_{largest_message}, buffer_(read_size) {}

ChannelStream::~ChannelStream() { stream_->close(); }

void ChannelStream::close() { stream_->close(); }

/// One after the other.
asio::awaitable<Result<void>> ChannelStream::send(std::string frames) {
  if (sending_) {
    asio::steady_timer turn{executor_, asio::steady_timer::time_point::max()};
    waiting_.push_back(&turn);
    co_await turn.async_wait(as_result);  // whoever was before hands its place over
  }
  sending_ = true;
  http::Outcome<void> written = co_await stream_->write(std::move(frames));
  if (waiting_.empty()) {
    sending_ = false;
  } else {
    waiting_.front()->cancel();
    waiting_.pop_front();
  }
  if (!written) co_return tl::unexpected<Error>{worded(written.error())};
  co_return Result<void>{};
}

asio::awaitable<Result<void>> ChannelStream::write(std::string bytes) {
  std::string frames = stdin_frames(bytes);
  if (frames.empty()) co_return Result<void>{};
  Result<void> sent = co_await send(std::move(frames));
  co_return sent;
}

/// Nothing at the end of the connection.
asio::awaitable<Result<std::optional<WebSocketMessage>>> ChannelStream::next_message() {
  while (true) {
    Result<std::optional<WebSocketMessage>> message = reader_.next();
    if (!message || *message) co_return message;
    const std::span<char> space{buffer_};
    http::Outcome<std::size_t> count = co_await stream_->read(space);
    if (!count) co_return tl::unexpected<Error>{worded(count.error())};
    if (*count == 0) co_return std::optional<WebSocketMessage>{};
    reader_.feed({buffer_.data(), *count});
  }
}

/// False: it was the last one.
asio::awaitable<Result<bool>> ChannelStream::take(WebSocketMessage message) {
  if (message.opcode == Opcode::close) co_return false;
  if (message.opcode == Opcode::ping) {
    std::string answer;
    append_frame(Opcode::pong, message.payload, fresh_mask(), answer);
    Result<void> sent = co_await send(std::move(answer));
    if (!sent) co_return tl::unexpected<Error>{sent.error()};
    co_return true;
  }
  if (message.opcode == Opcode::pong || message.payload.size() < 2) co_return true;
  const auto channel = static_cast<Channel>(message.payload.front());
  if (channel == Channel::status) failure_ = failure_in(std::string_view{message.payload}.substr(1));
  if (channel == Channel::out || channel == Channel::err) {
    pending_ = std::move(message.payload);
    pending_at_ = 1;
    pending_from_ = channel == Channel::out ? Output::From::out : Output::From::err;
  }
  co_return true;
}

asio::awaitable<Result<http::Attached::Output>> ChannelStream::read(std::span<char> buffer) {
  while (pending_at_ == pending_.size()) {
    Result<std::optional<WebSocketMessage>> message = co_await next_message();
    if (!message) co_return tl::unexpected<Error>{message.error()};
    bool more = message->has_value();
    if (more) {
      WebSocketMessage taken = std::move(**message);
      Result<bool> went = co_await take(std::move(taken));
      if (!went) co_return tl::unexpected<Error>{went.error()};
      more = *went;
    }
    if (more) continue;
    if (failure_) co_return tl::unexpected<Error>{*failure_};
    co_return Output{};
  }
  Output output;
  output.from = pending_from_;
  output.size = std::min(buffer.size(), pending_.size() - pending_at_);
  std::memcpy(buffer.data(), pending_.data() + pending_at_, output.size);
  pending_at_ += output.size;
  co_return output;
}

}  // namespace nmz::kubernetes
