// A command whose stdin and stdout are a connection (`ssh HOST docker system dial-stdio`).
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "nmz/error/result.hpp"

namespace nmz::docker {

class DialProcess {
 public:
  /// Errors (misconfigured): the program cannot be started.
  static Result<DialProcess> start(const std::vector<std::string>& command);
  DialProcess(const DialProcess&) = delete;
  DialProcess& operator=(const DialProcess&) = delete;
  DialProcess(DialProcess&& other) noexcept;
  DialProcess& operator=(DialProcess&& other) noexcept;
  /// Ends the process.
  ~DialProcess();

  /// Our end of the socket pair; the caller's from now on.
  [[nodiscard]] int release_socket();
  /// The last line the command wrote to its stderr so far, or an empty string.
  [[nodiscard]] std::string last_complaint() const;

 private:
  DialProcess(pid_t pid, int socket, int errors) : pid_{pid}, socket_{socket}, errors_{errors} {}
  void end();

  pid_t pid_ = -1;
  int socket_ = -1;
  int errors_ = -1;
};

}  // namespace nmz::docker
