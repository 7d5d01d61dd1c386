// `nmzagent funker` on a port of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace nmz::funker {

class CalledAgent {
 public:
  explicit CalledAgent(const std::string& executor, const std::vector<std::string>& more = {});
  CalledAgent(const CalledAgent&) = delete;
  CalledAgent& operator=(const CalledAgent&) = delete;
  ~CalledAgent();

  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  void signal(int number) const;
  /// Its exit code, or minus the signal; waits for it.
  int wait();
  /// Of one that has ended, in bytes; at its highest.
  [[nodiscard]] std::size_t peak_memory() const { return peak_; }
  /// The next line of what it says.
  std::string line();

  /// A connection; -1 when it is refused.
  [[nodiscard]] int connect() const;
  /// Connects until it is let in, and sends that, and its end unless it is to stay open.
  [[nodiscard]] int call(std::string_view bytes, bool ended = true) const;

 private:
  pid_t pid_ = 0;
  int said_ = -1;
  std::size_t peak_ = 0;
  std::uint16_t port_ = 0;
};

/// All that comes, until the end, and closes.
std::string read_all(int fd);

}  // namespace nmz::funker
