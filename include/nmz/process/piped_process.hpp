// A command whose stdin and stdout are one connection (`ssh HOST docker system dial-stdio`, a credential helper).
#pragma once

#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>
#include <tl/expected.hpp>

#include "nmz/files/unique_fd.hpp"

namespace nmz::process {

class PipedProcess {
 public:
  static tl::expected<PipedProcess, std::error_code> start(const std::vector<std::string>& command);
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;
  PipedProcess(PipedProcess&& other) noexcept;
  PipedProcess& operator=(PipedProcess&& other) noexcept;
  /// Ends the process.
  ~PipedProcess();

  /// Our end of the socket pair; the caller's from now on.
  [[nodiscard]] int release_socket() { return socket_.release(); }
  /// The last line the command wrote to its stderr so far, or an empty string.
  [[nodiscard]] std::string last_complaint() const;

 private:
  PipedProcess() = default;
  void end();

  pid_t pid_ = -1;
  files::UniqueFd socket_;
  files::UniqueFd errors_;
};

}  // namespace nmz::process
