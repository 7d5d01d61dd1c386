// See process.hpp.
#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

using Strings = std::vector<const char*>;

Strings pointers(const std::vector<std::string>& strings) {
  Strings result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    result.push_back(string.c_str());
  }
  result.push_back(nullptr);
  return result;
}

/// Everything the child needs, made before it exists: it shares our memory and may not allocate.
struct ChildPlan {
  const Command* command;
  Strings argv;
  Strings shell_argv;  ///< {"/bin/sh", the file, argv[1]...}
  Strings files;
  Strings environment;
  pid_t parent;
  int report;
  int watch;  ///< a socket; -1 = nobody watches
};

// execve() takes char* const* for historical reasons and does not write.
char* const* unconst(const Strings& strings) { return const_cast<char* const*>(strings.data()); }  // NOLINT

/// Tries the files in order, as execvp() does; returns the errno that says most.
int execute(ChildPlan& plan) {
  int error = ENOENT;
  for (const char* const* file = plan.files.data(); *file != nullptr; ++file) {
    ::execve(*file, unconst(plan.argv), unconst(plan.environment));
    if (errno == ENOEXEC) {
      plan.shell_argv[1] = *file;
      ::execve("/bin/sh", unconst(plan.shell_argv), unconst(plan.environment));
      return ENOEXEC;
    }
    if (errno == EACCES) {
      error = EACCES;  // remembered: another directory of PATH may have one that can be executed
    } else if (errno != ENOENT && errno != ENOTDIR) {
      return errno;
    }
  }
  return error;
}

/// The child's side of vfork(): system calls only, on the parent's stack below the parent's frame.
[[noreturn, gnu::noinline]] void run_child(ChildPlan& plan) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;  // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): the C library's macro
  for (int number = 1; number < NSIG; ++number) {
    ::sigaction(number, &standard, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Command& command = *plan.command;
  int error = 0;
  if (::getppid() != plan.parent) {
    error = ESRCH;  // the agent was killed before it could ask for the signal
  } else if (::setsid() < 0 || (command.directory >= 0 && ::fchdir(command.directory) != 0) ||
             ::dup2(command.input, STDIN_FILENO) < 0 || ::dup2(command.output, STDOUT_FILENO) < 0 ||
             ::dup2(command.output, STDERR_FILENO) < 0 || ::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) {
    error = errno;
  } else {
    if (plan.watch >= 0) {
      watch_own_binds(plan.watch);
    }
    error = execute(plan);
  }
  static_cast<void>(!::write(plan.report, &error, sizeof(error)));
  ::_exit(127);
}

/// The errno the child reported, or 0 when the pipe was closed by a successful exec.
int read_report(int fd) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(error)) ? error : 0;
}

/// "/usr/bin/perl" of "#!/usr/bin/perl -w"; empty for anything else.
std::string interpreter_of(int directory, const std::string& file) {
  const UniqueFd script{::openat(directory, file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  std::array<char, 256> buffer{};
  const ssize_t got = script ? ::read(script.get(), buffer.data(), buffer.size()) : -1;
  std::string_view line{buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  if (!line.starts_with("#!")) {
    return {};
  }
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return printable(line.substr(0, line.find_first_of(" \t")));
}

}  // namespace

tl::expected<pid_t, int> start_process(const Command& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return tl::unexpected<int>{errno};
  }
  const UniqueFd reader{ends[0]};
  UniqueFd writer{ends[1]};
  std::array<int, 2> sockets{-1, -1};
  if (command.watch != nullptr && ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return tl::unexpected<int>{errno};
  }
  const UniqueFd watcher{sockets[0]};
  const UniqueFd watched{sockets[1]};
  ChildPlan plan{&command,
                 pointers(command.argv),
                 pointers(command.argv),
                 pointers(command.files),
                 pointers(command.environment->variables()),
                 ::getpid(),
                 writer.get(),
                 watched.get()};
  plan.shell_argv.insert(plan.shell_argv.begin(), "/bin/sh");
  const pid_t child = ::vfork();  // NOLINT: the child only makes system calls, see run_child()
  if (child == 0) {
    run_child(plan);
  }
  if (child < 0) {
    return tl::unexpected<int>{errno};
  }
  writer.reset();
  if (const int error = read_report(reader.get()); error != 0) {
    return tl::unexpected<int>{error};  // the child has ended; whoever waits for children finds it
  }
  if (command.watch != nullptr) {
    *command.watch = BindWatch{watcher.get()};
  }
  return child;
}

std::string explain_not_started(const Command& command, int error) {
  const std::string name = "'" + printable(command.argv.front()) + "'";
  const int directory = command.directory >= 0 ? command.directory : AT_FDCWD;
  const auto exists = [directory](const std::string& file) {
    return ::faccessat(directory, file.c_str(), F_OK, 0) == 0;
  };
  const auto file = std::ranges::find_if(command.files, exists);
  if (file != command.files.end() && error == ENOENT) {
    const std::string interpreter = interpreter_of(directory, *file);
    return interpreter.empty() ? "cannot execute " + name + ": the loader that it was linked for is missing here"
                               : "cannot execute " + name + ": its interpreter '" + interpreter + "' is missing here";
  }
  struct stat status {};
  if (file != command.files.end() && error == EACCES && ::fstatat(directory, file->c_str(), &status, 0) == 0 &&
      S_ISDIR(status.st_mode)) {
    return "cannot execute " + name + ": it is a directory";
  }
  return "cannot execute " + name + ": " + error_text(error);
}

}  // namespace nmz::agent
