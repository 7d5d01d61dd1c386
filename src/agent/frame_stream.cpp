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
bool BasicFrameStream<Message, Decoder>::receive() {
  const ssize_t got = ::read(in(), buffer_.data(), buffer_.size());
  if (got > 0) {
    decoder_.feed({buffer_.data(), static_cast<std::size_t>(got)});
    return true;
  }
  return got < 0 && try_again(errno);
}

template <class Message, class Decoder>
bool BasicFrameStream<Message, Decoder>::flush() {
  while (backlog() > 0) {
    const ssize_t put = ::write(out(), unsent_.data() + sent_, backlog());
    if (put < 0) {
      return try_again(errno) && !is_cut_off(out());
    }
    sent_ += static_cast<std::size_t>(put);
    // As in the decoder: moving the rest only once it is the smaller part keeps the cost linear.
    if (sent_ >= unsent_.size() - sent_) {
      unsent_.erase(0, sent_);
      sent_ = 0;
    }
  }
  return !is_cut_off(out());
}

template class BasicFrameStream<wire::Message, wire::Decoder>;
template class BasicFrameStream<wire::RelayMessage, wire::RelayDecoder>;

}  // namespace nmz::agent
