// See log_pipe.hpp.
#include "log_pipe.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace nmz::agent {
namespace {

constexpr std::size_t chunk = std::size_t{64} << 10;
constexpr int default_capacity = 64 << 10;
constexpr int large_capacity = 1 << 20;

}  // namespace

int LogPipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return errno;
  }
  reader_ = UniqueFd{ends[0]};
  writer_ = UniqueFd{ends[1]};
  capacity_ = default_capacity;
  buffer_.resize(chunk);
  // Only our end: O_NONBLOCK on the command's end would make its writes fail with EAGAIN.
  return ::fcntl(reader_.get(), F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

bool LogPipe::read(const Sink& sink) {
  if (!reader_) {
    return false;
  }
  const ssize_t got = ::read(reader_.get(), buffer_.data(), buffer_.size());
  if (got > 0) {
    sink({buffer_.data(), static_cast<std::size_t>(got)});
    if (static_cast<std::size_t>(got) == chunk && capacity_ == default_capacity) {
      // Refused when the user has too many large pipes; then it stays small.
      static_cast<void>(::fcntl(reader_.get(), F_SETPIPE_SZ, large_capacity));
      capacity_ = large_capacity;
    }
    return true;
  }
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    reader_.reset();
  }
  return false;
}

void LogPipe::drain(const Sink& sink) {
  std::size_t buffers = 2 * static_cast<std::size_t>(large_capacity) / chunk;
  while (buffers > 0 && read(sink)) {
    --buffers;
  }
  reader_.reset();
}

}  // namespace nmz::agent
