// See dialer.hpp.
#include "dialer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nmz/wire/relay.hpp"

#include "agent.hpp"
#include "failure.hpp"

namespace nmz::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds dial_limit = 20s;
constexpr auto try_limit = 5s;
constexpr auto pause = 250ms;

/// The variable's value, which is overwritten where it stood and removed.
std::optional<std::string> take_variable(const char* name) {
  char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  if (value == nullptr) {
    return std::nullopt;
  }
  std::string taken{value};
  std::memset(value, '*', taken.size());
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return taken;
}

/// A connection from a free port to that same port, which is how TCP answers when nobody listens there.
bool is_connected_to_itself(int fd) {
  const auto here = Address::of_socket(fd);
  const auto there = Address::of_peer(fd);
  return here && there && here->text() == there->text();
}

}  // namespace

Dialer::Dialer(Address relay, std::string knock, std::chrono::milliseconds limit)
    : relay_{relay}, knock_{std::move(knock)}, limit_{limit} {}

std::optional<Dialer> Dialer::from_environment() {
  const auto relay = take_variable("NMZ_RELAY");
  const auto token = take_variable("NMZ_TOKEN");
  const auto limit = take_variable("NMZ_DIAL_LIMIT_MS");
  const auto address = relay ? Address::parse(*relay) : std::nullopt;
  if (!address || !token || token->empty() || token->size() > wire::longest_token) {
    return std::nullopt;
  }
  long milliseconds = std::chrono::milliseconds{dial_limit}.count();
  if (limit) {
    std::from_chars(limit->data(), limit->data() + limit->size(), milliseconds);
  }
  return Dialer{*address, wire::knock(*token), std::chrono::milliseconds{milliseconds}};
}

ExitCode Dialer::work(UniqueFd signals, const std::shared_ptr<TreeRoot>& tree) {
  signals_ = std::move(signals);
  deadline_ = Clock::now() + limit_;
  for (;;) {
    UniqueFd connection = dial();
    if (!connection) {
      break;
    }
    const auto began = Clock::now();
    UniqueFd agents_signals{::fcntl(signals_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    Agent agent{FrameStream{std::move(connection), UniqueFd{}}, std::move(agents_signals), tree};
    const ExitCode code = agent.run();
    if (code != ExitCode::ok || agent.was_told_to_end()) {
      return code;
    }
    reason_ = "it closed the connection";
    const auto now = Clock::now();
    if (agent.was_greeted() || now - began >= try_limit) {
      deadline_ = now + limit_;
    }
    static_cast<void>(wait(-1, now + pause));
  }
  if (!told_to_end_) {
    static_cast<void>(std::fprintf(stderr, "nmzagent: no relay at %s: %s\n", relay_.text().c_str(), reason_.c_str()));
  }
  return ExitCode::ok;
}

UniqueFd Dialer::dial() {
  while (!told_to_end_ && Clock::now() < deadline_) {
    UniqueFd connection = try_once();
    if (connection) {
      return connection;
    }
    reason_ = error_text(errno);
    static_cast<void>(wait(-1, std::min(deadline_, Clock::now() + pause)));
  }
  return UniqueFd{};
}

/// Not set, with errno, when it failed.
UniqueFd Dialer::try_once() {
  UniqueFd fd{::socket(relay_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) {
    return UniqueFd{};
  }
  tune_connection(fd.get());
  if (::connect(fd.get(), relay_.raw(), relay_.size()) != 0) {
    if (errno != EINPROGRESS) {
      return UniqueFd{};
    }
    if (!wait(fd.get(), std::min(deadline_, Clock::now() + try_limit))) {
      errno = ETIMEDOUT;
      return UniqueFd{};
    }
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      errno = error;
      return UniqueFd{};
    }
  }
  if (is_connected_to_itself(fd.get())) {
    errno = ECONNREFUSED;
    return UniqueFd{};
  }
  // A new connection has room for a knock.
  const ssize_t sent = ::send(fd.get(), knock_.data(), knock_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(knock_.size())) {
    errno = sent < 0 ? errno : ECONNABORTED;
    return UniqueFd{};
  }
  return fd;
}

bool Dialer::wait(int fd, Clock::time_point until) {
  for (;;) {
    const auto rest = std::max(Clock::duration{0}, until - Clock::now());
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
    std::array<pollfd, 2> events{{{signals_.get(), POLLIN, 0}, {fd, POLLOUT, 0}}};
    if (::poll(events.data(), events.size(), static_cast<int>(milliseconds)) < 0 && errno != EINTR) {
      return false;
    }
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
      // The last of a killed job's processes may end only now; anything else asks for the end.
      told_to_end_ = told_to_end_ || signal.ssi_signo != static_cast<unsigned>(SIGCHLD);
    }
    if (told_to_end_) {
      return false;
    }
    if (events[1].revents != 0) {
      return true;
    }
    if (Clock::now() >= until) {
      return false;
    }
  }
}

}  // namespace nmz::agent
