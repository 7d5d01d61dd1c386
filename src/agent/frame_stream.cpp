// See frame_stream.hpp.
#include "frame_stream.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "tcp.hpp"

namespace nmz::agent {
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) {
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  }
}

bool try_again(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

template <class Message, class Decoder>
BasicFrameStream<Message, Decoder>::BasicFrameStream(UniqueFd in, UniqueFd out)
    : in_{std::move(in)}, out_{std::move(out)}, buffer_(read_size) {
  set_nonblocking(this->in());
  set_nonblocking(this->out());
}

template <class Message, class Decoder>
BasicFrameStream<Message, Decoder>::BasicFrameStream(UniqueFd socket, Session session)
    : BasicFrameStream{std::move(socket), UniqueFd{}} {
  session_.emplace(std::move(session));
}

template <class Message, class Decoder>
bool BasicFrameStream<Message, Decoder>::receive() {
  const ssize_t got = ::read(in(), buffer_.data(), buffer_.size());
  if (got > 0) {
    const std::string_view bytes{buffer_.data(), static_cast<std::size_t>(got)};
    if (!session_) {
      decoder_.feed(bytes);
      return true;
    }
    plain_.clear();
    const bool sound = session_->opener.open(bytes, plain_);
    decoder_.feed(plain_);
    return sound;
  }
  return got < 0 && try_again(errno);
}

template <class Message, class Decoder>
std::string_view BasicFrameStream<Message, Decoder>::outgoing() {
  const std::string_view plain = std::string_view{unsent_}.substr(sent_);
  if (!session_) {
    return plain;
  }
  if (sealed_sent_ == sealed_.size() && !plain.empty()) {
    sealed_.clear();
    sealed_sent_ = 0;
    const std::string_view piece = plain.substr(0, max_record);
    session_->sealer.seal(piece, sealed_);
    took(piece.size());
  }
  return std::string_view{sealed_}.substr(sealed_sent_);
}

template <class Message, class Decoder>
void BasicFrameStream<Message, Decoder>::took(std::size_t count) {
  sent_ += count;
  // As in the decoder: moving the rest only once it is the smaller part keeps the cost linear.
  if (sent_ >= unsent_.size() - sent_) {
    unsent_.erase(0, sent_);
    sent_ = 0;
  }
}

template <class Message, class Decoder>
bool BasicFrameStream<Message, Decoder>::flush() {
  for (std::string_view next = outgoing(); !next.empty(); next = outgoing()) {
    const ssize_t put = ::write(out(), next.data(), next.size());
    if (put < 0) {
      return try_again(errno) && !is_cut_off(out());
    }
    if (session_) {
      sealed_sent_ += static_cast<std::size_t>(put);
    } else {
      took(static_cast<std::size_t>(put));
    }
  }
  return !is_cut_off(out());
}

template class BasicFrameStream<wire::Message, wire::Decoder>;
template class BasicFrameStream<wire::RelayMessage, wire::RelayDecoder>;

}  // namespace nmz::agent
