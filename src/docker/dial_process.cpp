#include "dial_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nmz::docker {
namespace {

void close_both(const std::array<int, 2>& ends) {
  ::close(ends[0]);
  ::close(ends[1]);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<DialProcess> DialProcess::start(const std::vector<std::string>& command) {
  std::array<int, 2> socket{};
  std::array<int, 2> errors{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket.data()) != 0) {
    return fail(ErrorKind::retryable, "cannot make a socket pair");
  }
  if (::pipe2(errors.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    close_both(socket);
    return fail(ErrorKind::retryable, "cannot make a pipe");
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, socket[1], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, socket[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
  sigset_t none{};
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  // A session of its own: Ctrl-C must not take the connection away before what needs it has been cleaned up.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> arguments = command;
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, arguments.front().c_str(), &actions, &attributes, pointers(arguments).data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  ::close(socket[1]);
  ::close(errors[1]);
  if (error != 0) {
    ::close(socket[0]);
    ::close(errors[0]);
    return fail(ErrorKind::misconfigured, "cannot start '" + command.front() + "' to reach the Docker Engine: " +
                                              std::error_code{error, std::generic_category()}.message());
  }
  return DialProcess{pid, socket[0], errors[0]};
}

DialProcess::DialProcess(DialProcess&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      socket_{std::exchange(other.socket_, -1)},
      errors_{std::exchange(other.errors_, -1)} {}

DialProcess& DialProcess::operator=(DialProcess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    socket_ = std::exchange(other.socket_, -1);
    errors_ = std::exchange(other.errors_, -1);
  }
  return *this;
}

DialProcess::~DialProcess() { end(); }

void DialProcess::end() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  if (errors_ >= 0) ::close(std::exchange(errors_, -1));
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

int DialProcess::release_socket() { return std::exchange(socket_, -1); }

std::string DialProcess::last_complaint() const {
  constexpr std::size_t room = 4096;
  std::array<char, room> buffer{};
  std::string text;
  for (ssize_t got = 0; (got = ::read(errors_, buffer.data(), buffer.size())) > 0;) {
    text.assign(buffer.data(), static_cast<std::size_t>(got));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

}  // namespace nmz::docker
