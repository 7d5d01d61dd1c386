#include "nmz/process/piped_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/process/spawn.hpp"

namespace nmz::process {
namespace {

tl::unexpected<std::error_code> last_error() {
  return tl::unexpected<std::error_code>{std::error_code{errno, std::generic_category()}};
}

}  // namespace

tl::expected<PipedProcess, std::error_code> PipedProcess::start(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return last_error();
  PipedProcess process;
  process.socket_ = files::UniqueFd{ends[0]};
  const files::UniqueFd socket{ends[1]};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return last_error();
  process.errors_ = files::UniqueFd{ends[0]};
  const files::UniqueFd errors{ends[1]};
  SpawnRequest request;
  request.command = command;
  request.descriptors = {{socket.get(), STDIN_FILENO}, {socket.get(), STDOUT_FILENO}, {errors.get(), STDERR_FILENO}};
  const auto pid = spawn(std::move(request));
  if (!pid) return tl::unexpected<std::error_code>{pid.error()};
  process.pid_ = *pid;
  return process;
}

PipedProcess::PipedProcess(PipedProcess&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)}, socket_{std::move(other.socket_)}, errors_{std::move(other.errors_)} {}

PipedProcess& PipedProcess::operator=(PipedProcess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    socket_ = std::move(other.socket_);
    errors_ = std::move(other.errors_);
  }
  return *this;
}

PipedProcess::~PipedProcess() { end(); }

void PipedProcess::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PipedProcess::last_complaint() const {
  constexpr std::size_t room = 4096;
  std::array<char, room> buffer{};
  std::string text;
  for (ssize_t got = 0; (got = ::read(errors_.get(), buffer.data(), buffer.size())) > 0;) {
    text.assign(buffer.data(), static_cast<std::size_t>(got));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

}  // namespace nmz::process
