// The reading end of what a command writes: stdout and stderr in one pipe, so that their order is kept.
//
// A pipe and no file: the coordinator follows the log while it grows, and a full pipe slows the test down instead of
// filling memory or disk when nobody reads. A test that writes much gets a larger pipe, which saves context switches.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "unique_fd.hpp"

namespace nmz::agent {

class LogPipe {
 public:
  using Sink = std::function<void(std::string_view)>;

  /// An errno, or 0. Afterwards take_writer() gives the end for the command.
  [[nodiscard]] int open();
  [[nodiscard]] int writer() const { return writer_.get(); }
  /// The command has it; without this the pipe would never end.
  void close_writer() { writer_.reset(); }

  /// To wait on; -1 once the pipe has ended.
  [[nodiscard]] int fd() const { return reader_.get(); }

  /// Reads what is there, a few buffers at most. False when nothing more is there now.
  bool read(const Sink& sink);

  /// Reads what is left after every process of the command has ended. Bounded, because a process that is not ours may
  /// have been given the writing end and go on.
  void drain(const Sink& sink);

 private:
  UniqueFd reader_;
  UniqueFd writer_;
  std::vector<char> buffer_;
  int capacity_ = 0;
};

}  // namespace nmz::agent
