// See funker_worker.hpp.
#include "funker_worker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <utility>
#include <variant>

#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nmz/contract/funker.hpp"

#include "failure.hpp"
#include "job.hpp"

namespace nmz::agent {
namespace {

using namespace std::chrono_literals;
namespace funker = contract::funker;

/// For a caller to say what it wants once it has connected, and once it has begun; and to take a part of the answer.
constexpr auto caller_patience = 60s;
constexpr std::uint64_t log_limit = std::uint64_t{256} << 20;
constexpr std::size_t piece_size = std::size_t{64} << 10;

void say(const std::string& line) { static_cast<void>(std::fprintf(stderr, "nmzagent: %s\n", line.c_str())); }

/// ADDRESS:PORT, [ADDRESS]:PORT or :PORT.
std::optional<Address> listening_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, last, port);
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return error == std::errc{} && end == last ? Address::of(host.empty() ? "::" : host, port) : std::nullopt;
}

/// Bound, and not yet listening. Errno is set when it is not.
UniqueFd bound_to(const Address& address) {
  UniqueFd fd{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  const int off = 0;
  if (fd) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  }
  if (fd && address.family() == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  return fd && ::bind(fd.get(), address.raw(), address.size()) == 0 ? std::move(fd) : UniqueFd{};
}

void copy_to_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put <= 0 && errno != EINTR) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
}

bool try_again(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

std::optional<FunkerOptions> parse_funker(const std::vector<std::string_view>& words) {
  FunkerOptions options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view name = words[i];
    name.remove_prefix(name.starts_with("--") ? 1 : 0);
    if (name == "-once") {
      options.once = true;
      continue;
    }
    const std::size_t equals = name.find('=');
    if (equals == std::string_view::npos && i + 1 == words.size()) {
      return std::nullopt;
    }
    const std::string value{equals == std::string_view::npos ? words[++i] : name.substr(equals + 1)};
    name = name.substr(0, equals);
    if (name == "-executor") {
      options.executor = value;
    } else if (name == "-listen") {
      options.listen = listening_address(value);
    }
    if ((name != "-listen" || !options.listen) && name != "-executor") {
      return std::nullopt;
    }
  }
  return options.executor.empty() || options.executor.find('\0') != std::string::npos ? std::nullopt
                                                                                      : std::optional{options};
}

FunkerWorker::FunkerWorker(FunkerOptions options, UniqueFd signals)
    : options_{std::move(options)}, signals_{std::move(signals)} {}

int FunkerWorker::open() {
  if (options_.listen) {
    listener_ = bound_to(*options_.listen);
  } else {
    listener_ = bound_to(*Address::of("::", funker::port));
    if (!listener_ && errno == EAFNOSUPPORT) {
      listener_ = bound_to(*Address::of("0.0.0.0", funker::port));
    }
  }
  // Only a port that was asked for stays ours while nobody listens there.
  if (listener_) {
    listener_ = bound_to(*Address::of_socket(listener_.get()));
  }
  if (!listener_ || ::listen(listener_.get(), 1) != 0) {
    return errno;
  }
  say("listening on " + Address::of_socket(listener_.get())->text());
  return 0;
}

ExitCode FunkerWorker::run() {
  while (!signalled_ && !failed_) {
    const UniqueFd caller = accept();
    if (!caller) {
      continue;
    }
    const auto request = read_request(caller.get());
    if (!request) {
      continue;
    }
    const auto began = Clock::now();
    const auto ran = run_chunk(*request, caller.get());
    const bool answered = ran && answer(caller.get(), request->chunk_id, *ran);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    say("chunk " + std::to_string(request->chunk_id) + ": " + std::to_string(request->workloads.size()) +
        " workload(s), " + (answered ? ran->successful ? "successful" : "failed" : "no answer") + ", " +
        std::to_string(took.count()) + " ms");
    if (options_.once && answered) {
      return ExitCode::ok;
    }
  }
  return signalled_ ? ExitCode::signalled : ExitCode::system;
}

/// Others are refused from here on, and those that have connected already reset: of a socket that is shut down Linux
/// keeps the address, and it can listen again.
UniqueFd FunkerWorker::accept() {
  if (::listen(listener_.get(), 1) != 0) {
    say("cannot listen: " + error_text(errno));  // somebody else has come to the port meanwhile
    failed_ = true;
    return UniqueFd{};
  }
  if (!wait(listener_.get(), POLLIN, std::nullopt)) {
    return UniqueFd{};
  }
  UniqueFd caller{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!caller) {
    return UniqueFd{};
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  tune_connection(caller.get());
  return caller;
}

/// Nothing when there is none, which is told unless the caller has just looked whether somebody is there.
std::optional<contract::v0::ChunkRequest> FunkerWorker::read_request(int caller) {
  funker::RequestReader reader;
  std::vector<char> buffer(piece_size);
  bool begun = false;
  auto until = Clock::now() + caller_patience;
  while (wait(caller, POLLIN, until)) {
    const ssize_t got = ::read(caller, buffer.data(), buffer.size());
    if (got < 0 && try_again(errno)) {
      continue;
    }
    if (got <= 0) {
      auto request = got == 0 && begun ? reader.finish() : fail(ErrorKind::retryable, "the caller is gone");
      if (!request && begun) {
        say(request.error().message);
      }
      return request ? std::optional{std::move(*request)} : std::nullopt;
    }
    if (!std::exchange(begun, true)) {
      until = Clock::now() + caller_patience;
    }
    if (const auto read = reader.feed({buffer.data(), static_cast<std::size_t>(got)}); !read) {
      say(read.error().message);
      return std::nullopt;
    }
  }
  if (begun && !signalled_) {
    say("the caller did not end its request within a minute");
  }
  return std::nullopt;
}

/// Nothing when it could not be run, or nobody waits for it any more.
std::optional<FunkerWorker::Ran> FunkerWorker::run_chunk(const contract::v0::ChunkRequest& request, int caller) {
  Ran ran;
  bool kept = true;
  std::optional<job::Outcome> outcome;
  wire::Run run;
  run.argv = {"/bin/sh", "-c", options_.executor};
  run.log_limit = log_limit;
  for (const contract::v0::Workload& workload : request.workloads) {
    run.input += workload.id;
    run.input += '\n';
  }
  Job::Peer peer;
  peer.deliver = [] { return true; };
  peer.send = [&](const wire::Message& message) {
    if (const auto* const log = std::get_if<wire::Log>(&message)) {
      copy_to_output(log->bytes);
      const auto piece = kept ? ran.store.keep(log->bytes) : std::nullopt;
      kept = piece.has_value();
      if (piece) {
        ran.log.push_back(*piece);
      }
    } else if (const auto* const finished = std::get_if<wire::Finished>(&message)) {
      outcome = finished->outcome;
    }
  };
  Job job{std::move(run), {}, std::move(peer), [] {}};
  job.start();
  for (bool gone = false; !job.is_done();) {
    std::array<pollfd, 3> events{{{signals_.get(), POLLIN, 0}, {job.log_fd(), POLLIN, 0}, {gone ? -1 : caller, 0, 0}}};
    int milliseconds = -1;
    if (const auto deadline = job.deadline()) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, 60'000));
    }
    if (::poll(events.data(), events.size(), milliseconds) < 0 && errno != EINTR) {
      return std::nullopt;
    }
    if (events[0].revents != 0) {
      on_signals(job);
    }
    if (events[1].revents != 0 && !job.is_done()) {
      job.on_log();
    }
    // It has ended its own side long ago: this is the end of both, a reset.
    if (events[2].revents != 0 && !job.is_done()) {
      gone = true;
      say("the caller is gone");
      job.cancel();
    }
    job.on_time();
  }
  const bool is_verdict =
      outcome && (outcome->kind == job::OutcomeKind::exited || outcome->kind == job::OutcomeKind::signaled);
  if (outcome && !is_verdict && !outcome->detail.empty()) {
    say(outcome->detail);
  }
  if (!kept) {
    say("there is no room for the log");
  }
  ran.successful = outcome && job::passed(*outcome);
  return is_verdict && kept ? std::optional{std::move(ran)} : std::nullopt;
}

void FunkerWorker::on_signals(Job& job) {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
    if (signal.ssi_signo == static_cast<unsigned>(SIGCHLD)) {
      job.on_child();
    } else if (std::exchange(signalled_, true)) {
      job.abandon();
    } else {
      job.cancel();
    }
  }
}

bool FunkerWorker::answer(int caller, std::int64_t chunk, const Ran& ran) {
  if (!write(caller, funker::result_head(chunk, ran.successful))) {
    return false;
  }
  funker::TextWriter writer;
  std::string bytes(piece_size, '\0');
  std::string text;
  for (const Piece& piece : ran.log) {
    bytes.resize(piece.size);
    if (::pread(piece.file, bytes.data(), bytes.size(), piece.begin) != static_cast<ssize_t>(bytes.size())) {
      return false;
    }
    text.clear();
    writer.feed(bytes, text);
    if (!write(caller, text)) {
      return false;
    }
  }
  text.clear();
  writer.finish(text);
  text += funker::result_tail;
  return write(caller, text);
}

bool FunkerWorker::write(int caller, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(caller, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && !try_again(errno)) {
      return false;
    }
    if (put < 0 && !wait(caller, POLLOUT, Clock::now() + caller_patience)) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
  return true;
}

/// Whether it is ready in time, and no signal asks for the end.
bool FunkerWorker::wait(int fd, short events, std::optional<Clock::time_point> until) {
  while (!signalled_) {
    int milliseconds = -1;
    if (until) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
      milliseconds = static_cast<int>(std::max<std::int64_t>(rest.count(), 0));
    }
    std::array<pollfd, 2> polled{{{signals_.get(), POLLIN, 0}, {fd, events, 0}}};
    if (::poll(polled.data(), polled.size(), milliseconds) < 0 && errno != EINTR) {
      return false;
    }
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
      // The last of a killed chunk's processes may end only now.
      signalled_ = signalled_ || signal.ssi_signo != static_cast<unsigned>(SIGCHLD);
    }
    if (polled[1].revents != 0 && !signalled_) {
      return true;
    }
    if (until && Clock::now() >= *until) {
      return false;
    }
  }
  return false;
}

}  // namespace nmz::agent
