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

#include "agent.hpp"
#include "failure.hpp"

namespace nmz::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds dial_limit = 20s;
constexpr auto try_limit = 5s;
constexpr auto pause = 250ms;
constexpr const char* secret_place = "/run/secrets/.nmz-token";

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

/// "TASK SLOT HEX", as the secret's template gives it to each task. Who can read the file later finds a token that is
/// spent.
std::optional<Dialer::Place> Dialer::read_place(const char* file_name) {
  constexpr std::size_t longest = 160;
  std::array<char, longest> text{};
  const UniqueFd file{::open(file_name, O_RDONLY | O_CLOEXEC)};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) {
    return std::nullopt;
  }
  const char* const end = text.data() + size;
  const char* at = std::find(static_cast<const char*>(text.data()), end, ' ');
  Place place;
  place.task.assign(static_cast<const char*>(text.data()), at);
  Key token{};
  bool whole = at != end && place.task.size() <= task_size;
  if (whole) {
    at = std::from_chars(at + 1, end, place.slot).ptr + 1;
    whole = end - at >= static_cast<std::ptrdiff_t>(2 * token.size());
  }
  for (std::size_t i = 0; whole && i < token.size(); ++i, at += 2) {
    const auto [stop, error] = std::from_chars(at, at + 2, token.at(i), 16);
    whole = error == std::errc{} && stop == at + 2;
  }
  place.keys = first_keys(token, place.task);
  erase(text.data(), text.size());
  erase(token.data(), token.size());
  return whole ? std::optional{std::move(place)} : std::nullopt;
}

Dialer::Dialer(Address relay, Place place, std::chrono::milliseconds limit)
    : relay_{relay}, place_{std::move(place)}, limit_{limit} {}

std::optional<Dialer> Dialer::from_environment() {
  const auto relay = take_variable("NMZ_RELAY");
  const auto file = take_variable("NMZ_TOKEN_FILE");
  const auto limit = take_variable("NMZ_DIAL_LIMIT_MS");
  const auto address = relay ? Address::parse(*relay) : std::nullopt;
  std::optional<Place> place = read_place(file ? file->c_str() : secret_place);
  if (!address || !place) {
    return std::nullopt;
  }
  long milliseconds = std::chrono::milliseconds{dial_limit}.count();
  if (limit) {
    std::from_chars(limit->data(), limit->data() + limit->size(), milliseconds);
  }
  return Dialer{*address, std::move(*place), std::chrono::milliseconds{milliseconds}};
}

ExitCode Dialer::work(UniqueFd signals, const std::shared_ptr<TreeRoot>& tree) {
  signals_ = std::move(signals);
  deadline_ = Clock::now() + limit_;
  for (;;) {
    std::optional<Call> call = dial();
    if (!call) {
      break;
    }
    const auto began = Clock::now();
    UniqueFd agents_signals{::fcntl(signals_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    Agent agent{FrameStream{std::move(call->fd), std::move(call->session)}, std::move(agents_signals), tree,
                [this] { earlier_keys_.reset(); }};
    const ExitCode code = agent.run();
    if (agent.was_signalled()) {
      return ExitCode::signalled;
    }
    if (code != ExitCode::ok || agent.was_told_to_end()) {
      return code;
    }
    reason_ = "it closed the connection";
    const auto now = Clock::now();
    if (agent.was_greeted() || now - began >= try_limit) {
      deadline_ = now + limit_;
    }
    static_cast<void>(wait(-1, 0, now + pause));
  }
  if (signalled_) {
    return ExitCode::signalled;
  }
  static_cast<void>(std::fprintf(stderr, "nmzagent: no relay at %s: %s\n", relay_.text().c_str(), reason_.c_str()));
  return ExitCode::ok;
}

std::optional<Dialer::Call> Dialer::dial() {
  while (!signalled_ && Clock::now() < deadline_) {
    std::optional<Call> call = try_once();
    if (call) {
      return call;
    }
    static_cast<void>(wait(-1, 0, std::min(deadline_, Clock::now() + pause)));
  }
  return std::nullopt;
}

std::optional<Dialer::Call> Dialer::try_once() {
  UniqueFd fd = connect();
  if (!fd) {
    reason_ = error_text(errno);
    return std::nullopt;
  }
  std::optional<Session> session = shake_hands(fd.get());
  if (!session) {
    reason_ = "it does not take this worker's key";
    if (earlier_keys_) {
      std::swap(place_.keys, *earlier_keys_);
    }
    return std::nullopt;
  }
  return Call{std::move(fd), std::move(*session)};
}

/// A new connection has room for all that is sent here.
std::optional<Session> Dialer::shake_hands(int fd) {
  const auto until = Clock::now() + try_limit;
  const auto send = [fd](const std::string& bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  };
  const Caller caller{place_.slot, place_.keys, random_key()};
  std::string reply;
  for (bool sent = send(caller.opening()); sent && reply.size() < reply_size && wait(fd, POLLIN, until);) {
    std::array<char, reply_size> bytes{};
    const ssize_t got = ::read(fd, bytes.data(), reply_size - reply.size());
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
      return std::nullopt;
    }
    reply.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  std::optional<Session> session = caller.finish(reply);
  if (session) {
    std::string task = place_.task;
    task.resize(task_size, '\0');
    std::string last_word;
    session->sealer.seal(task, last_word);
    earlier_keys_ = std::exchange(place_.keys, CallKeys{session->next, session->next});
    erase(session->next.data(), session->next.size());
    if (!send(last_word)) {
      return std::nullopt;
    }
  }
  return session;
}

/// Not set, with errno, when it failed.
UniqueFd Dialer::connect() {
  UniqueFd fd{::socket(relay_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) {
    return UniqueFd{};
  }
  tune_connection(fd.get());
  if (::connect(fd.get(), relay_.raw(), relay_.size()) != 0) {
    if (errno != EINPROGRESS) {
      return UniqueFd{};
    }
    if (!wait(fd.get(), POLLOUT, std::min(deadline_, Clock::now() + try_limit))) {
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
  return fd;
}

bool Dialer::wait(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto rest = std::max(Clock::duration{0}, until - Clock::now());
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
    std::array<pollfd, 2> polled{{{signals_.get(), POLLIN, 0}, {fd, events, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(milliseconds)) < 0 && errno != EINTR) {
      return false;
    }
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
      // The last of a killed job's processes may end only now; anything else asks for the end.
      signalled_ = signalled_ || signal.ssi_signo != static_cast<unsigned>(SIGCHLD);
    }
    if (signalled_) {
      return false;
    }
    if (polled[1].revents != 0) {
      return true;
    }
    if (Clock::now() >= until) {
      return false;
    }
  }
}

}  // namespace nmz::agent
