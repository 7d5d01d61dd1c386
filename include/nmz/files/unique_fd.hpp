// A file descriptor that is closed when its owner goes.
//
// Every descriptor is opened close-on-exec, so a command under test inherits none of them; this type only
// takes care that none leaks inside the program. Errors of close() matter for files being written and are asked for
// there with close_checked().
#pragma once

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace nmz::files {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_{fd} {}
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

  void reset() {
    if (fd_ >= 0) {
      const int keep = errno;  // a destructor on an error path must not change what the caller is about to report
      ::close(std::exchange(fd_, -1));
      errno = keep;
    }
  }

  /// 0, or the errno with which the file system refused what had been written (quotas, network file systems).
  [[nodiscard]] int close_checked() { return ::close(std::exchange(fd_, -1)) == 0 || errno == EINTR ? 0 : errno; }

 private:
  int fd_ = -1;
};

}  // namespace nmz::files
