// Starting one command.
//
// vfork() rather than fork(): the agent holds the manifest of a large tree, and copying its page tables would cost more
// than everything else about a trivial test. posix_spawn() does the same inside but has no way to ask for the parent
// death signal, which ends the command when the agent itself is killed. That an exec failed comes back through a pipe
// that closes on success: an exit status could not be told from the command's own 126 or 127.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>
#include <tl/expected.hpp>

#include "bind_watch.hpp"
#include "environment.hpp"

namespace nmz::agent {

struct Command {
  Command() = default;
  std::vector<std::string> argv;   ///< not empty
  std::vector<std::string> files;  ///< to execute: the first that exists
  const Environment* environment = nullptr;
  int directory = -1;  ///< open, to run in; -1 = the agent's own
  int input = -1;
  int output = -1;             ///< stdout and stderr
  BindWatch* watch = nullptr;  ///< becomes the command's, as far as that can be had
};

/// Starts the command in a session of its own with default signal dispositions and an empty signal mask. The error is
/// the errno with which it could not be executed. Like the shells and git, hands a script without "#!" to /bin/sh.
[[nodiscard]] tl::expected<pid_t, int> start_process(const Command& command);

/// Why `command` could not be executed, for a person.
[[nodiscard]] std::string explain_not_started(const Command& command, int error);

}  // namespace nmz::agent
