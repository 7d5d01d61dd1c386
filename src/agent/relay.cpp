// See relay.hpp.
#include "relay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <type_traits>
#include <utility>
#include <variant>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.hpp"
#include "process_tree.hpp"
#include "relay_event.hpp"
#include "tcp.hpp"

namespace nmz::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t backlog_limit = std::size_t{1} << 20;
static_assert(sizeof(Key) == wire::token_size);
constexpr std::size_t turn_size = std::size_t{64} << 10;
constexpr auto handshake_limit = 5s;
constexpr auto close_limit = 5s;
constexpr auto tick_interval = 500ms;

/// A thousand workers are more descriptors than most systems allow at first.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// At least one, and at most so many.
bool are_keys(const std::vector<std::string>& slots, std::size_t most) {
  return std::ranges::all_of(slots, [most](const std::string& keys) {
    return !keys.empty() && keys.size() % wire::token_size == 0 && keys.size() <= most * wire::token_size;
  });
}

}  // namespace

Relay::Relay(RelayStream peer, UniqueFd signals)
    : peer_{std::move(peer)}, signals_{std::move(signals)}, buffer_(turn_size, '\0') {}

ExitCode Relay::run() {
  allow_many_descriptors();
  if (!prepare()) {
    stop_with(ExitCode::system, "cannot wait for events: " + error_text(errno));
  }
  while (!exit_) {
    wait();
    accept_visitors();
    serve_readers();
    tick();
    if (!peer_.flush() && !exit_) {
      exit_ = ExitCode::ok;
    }
  }
  return *exit_;
}

bool Relay::watch(int fd, std::uint32_t events, std::uint64_t tag, bool again) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return ::epoll_ctl(events_.get(), again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Relay::prepare() {
  events_ = UniqueFd{::epoll_create1(EPOLL_CLOEXEC)};
  return events_ && watch(signals_.get(), EPOLLIN, tag_of(Kind::signals)) &&
         watch(peer_.in(), EPOLLIN, tag_of(Kind::coordinator_in)) &&
         watch(peer_.out(), EPOLLOUT | static_cast<std::uint32_t>(EPOLLET), tag_of(Kind::coordinator_out));
}

/// For epoll_wait(), in milliseconds.
int Relay::patience() const {
  if (!readable_.empty() && peer_.backlog() < backlog_limit) {
    return 0;
  }
  if (may_accept_) {
    return has_no_room_ ? 20 : 0;
  }
  return visitors_.empty() && channels_.empty() ? -1
                                                : static_cast<int>(std::chrono::milliseconds{tick_interval}.count());
}

void Relay::wait() {
  std::array<epoll_event, 256> events{};
  const int count = ::epoll_wait(events_.get(), events.data(), static_cast<int>(events.size()), patience());
  if (count < 0 && errno != EINTR) {
    stop_with(ExitCode::system, "cannot wait for events: " + error_text(errno));
  }
  for (int i = 0; i < count && !exit_; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    on_event(event.data.u64, event.events);
  }
}

void Relay::on_event(std::uint64_t tag, std::uint32_t events) {
  const auto number = static_cast<std::uint32_t>(tag);
  switch (static_cast<Kind>(tag >> kind_shift)) {
    case Kind::signals:
      on_signals();
      break;
    case Kind::coordinator_in:
      on_coordinator();
      break;
    case Kind::coordinator_out:
      break;  // run() writes in every round
    case Kind::listener:
      may_accept_ = true;
      break;
    case Kind::visitor:
      if (const auto found = visitors_.find(number); found != visitors_.end() && !hear(found->second)) {
        visitors_.erase(number);
      }
      break;
    case Kind::channel:
      if (const auto found = channels_.find(number); found != channels_.end()) {
        if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
          may_read(found->second);
        }
        write_out(found->second);
      }
      break;
  }
}

void Relay::on_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
    if (signal.ssi_signo != static_cast<unsigned>(SIGCHLD)) {
      exit_ = ExitCode::ok;
    }
  }
  Reaper::collect([](pid_t, int) {});  // as the first process of a container it gets orphans
}

// ---- the coordinator

void Relay::on_coordinator() {
  if (!peer_.receive()) {
    exit_ = ExitCode::ok;
    return;
  }
  while (!exit_) {
    auto message = peer_.next();
    if (!message) {
      stop_with(ExitCode::protocol, message.error().message);
      return;
    }
    if (!*message) {
      return;
    }
    std::visit(
        [this](auto& part) {
          if constexpr (requires { this->on(std::move(part)); }) {
            this->on(std::move(part));
          } else {
            stop_with(ExitCode::protocol, "the coordinator sent a message only a relay sends");
          }
        },
        **message);
  }
}

void Relay::on(const wire::RelayHello& hello) {
  if (listener_ || hello.tokens.size() != hello.keys.size() || !are_keys(hello.tokens, 1) ||
      !are_keys(hello.keys, 1 + wire::former_keys)) {
    stop_with(ExitCode::protocol, "the conversation has to begin with one RelayHello with a key for each worker");
    return;
  }
  wire::RelayReady ready;
  if (hello.protocol != wire::relay_protocol_version) {
    ready.failure = "this relay (version " NMZ_VERSION ") speaks another protocol";
  } else {
    for (std::size_t i = 0; i < hello.tokens.size(); ++i) {
      slots_.push_back(Slot{Door{key_of(hello.tokens[i]), hello.keys[i]}, 0, {}});
    }
    ready.failure = listen(hello.address, hello.port);
  }
  if (listener_) {
    const auto address = Address::of_socket(listener_.get());
    ready.port = address ? address->port() : hello.port;
  }
  peer_.send(ready);
}

/// Why not; empty when it does.
std::string Relay::listen(const std::string& address, std::uint16_t port) {
  const auto place = Address::of(address, port);
  if (!place) {
    return "not a numeric address: " + printable(address);
  }
  UniqueFd listener{::socket(place->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int yes = 1;
  const int no = 0;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (place->family() == AF_INET6) {
    ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  }
  if (!listener || ::bind(listener.get(), place->raw(), place->size()) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0 ||
      !watch(listener.get(), EPOLLIN | static_cast<std::uint32_t>(EPOLLET), tag_of(Kind::listener))) {
    return "cannot listen on " + place->text() + ": " + error_text(errno);
  }
  listener_ = std::move(listener);
  return {};
}

Relay::Channel* Relay::find(wire::ChannelId id) {
  const auto number = static_cast<std::uint32_t>(id);
  if (number == 0 || number > last_channel_) {
    stop_with(ExitCode::protocol, "the coordinator named a channel that never was");
    return nullptr;
  }
  const auto found = channels_.find(number);
  return found == channels_.end() || found->second.closed ? nullptr : &found->second;
}

void Relay::on(wire::ChannelData data) {
  Channel* const channel = find(data.channel);
  if (exit_) {
    return;
  }
  if (data.bytes.size() > wire::max_piece) {
    stop_with(ExitCode::protocol, "the coordinator sent a piece that is too long");
    return;
  }
  Chunk chunk;
  if (data.keep) {
    // Also when the channel has been closed: the coordinator counts on its number.
    chunk.piece = store_.keep(data.bytes);
    if (!chunk.piece) {
      stop_with(ExitCode::system, "cannot keep what goes to several workers: " + error_text(errno));
      return;
    }
  } else {
    chunk.bytes = std::move(data.bytes);
  }
  if (channel != nullptr) {
    enqueue(*channel, std::move(chunk));
  }
}

void Relay::on(const wire::ChannelReplay& replay) {
  Channel* const channel = find(replay.channel);
  if (exit_) {
    return;
  }
  Chunk chunk;
  chunk.piece = store_.find(replay.piece);
  if (!chunk.piece) {
    stop_with(ExitCode::protocol, "the coordinator asked for a piece that was never kept");
  } else if (channel != nullptr) {
    enqueue(*channel, std::move(chunk));
  }
}

void Relay::on(const wire::ChannelClose& close) {
  Channel* const channel = find(close.channel);
  if (channel == nullptr) {
    return;
  }
  channel->closed = Clock::now();
  write_out(*channel);
}

void Relay::on(const wire::TaskAdmitted& admitted) {
  if (admitted.slot == 0 || admitted.slot > slots_.size()) {
    stop_with(ExitCode::protocol, "the coordinator named a worker that never was");
    return;
  }
  slots_[admitted.slot - 1].door.admit(admitted.task);
}

// ---- to workers

void Relay::enqueue(Channel& channel, Chunk chunk) {
  if (channel.broken || chunk.size() == 0) {
    return;
  }
  channel.waiting += chunk.size();
  if (channel.waiting > wire::channel_window) {
    stop_with(ExitCode::protocol, "the coordinator sent more than it had credit for");
    return;
  }
  channel.chunks.push_back(std::move(chunk));
  if (channel.chunks.size() == 1 && channel.sealed_sent == channel.sealed.size()) {
    write_out(channel);  // otherwise the socket is full, and says when it is not any more
  }
}

bool Relay::read_piece(const Chunk& chunk, std::size_t size) {
  const off_t from = chunk.piece->begin + static_cast<off_t>(chunk.sent);
  plain_.resize(size);
  const ssize_t got = ::pread(chunk.piece->file, plain_.data(), size, from);
  if (got == static_cast<ssize_t>(size)) {
    return true;
  }
  stop_with(ExitCode::system, "cannot read what was kept: " + error_text(got < 0 ? errno : EIO));
  return false;
}

bool Relay::seal_next(Channel& channel) {
  if (channel.sealed_sent < channel.sealed.size()) {
    return true;
  }
  channel.sealed.clear();
  channel.sealed_sent = 0;
  if (channel.chunks.empty()) {
    return false;
  }
  Chunk& chunk = channel.chunks.front();
  const std::size_t size = std::min(max_record, chunk.size() - chunk.sent);
  if (chunk.piece && !read_piece(chunk, size)) {
    return false;
  }
  channel.session.sealer.seal(chunk.piece ? plain_ : std::string_view{chunk.bytes}.substr(chunk.sent, size),
                              channel.sealed);
  chunk.sent += size;
  if (chunk.sent == chunk.size()) {
    channel.chunks.pop_front();
  }
  return true;
}

/// False when the socket takes no more, or never will.
bool Relay::write_record(Channel& channel) {
  const std::string_view rest = std::string_view{channel.sealed}.substr(channel.sealed_sent);
  const ssize_t put = ::send(channel.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (put < 0) {
    if (!would_block(errno)) {
      give_up_writing(channel);
    }
    return errno == EINTR;
  }
  channel.sealed_sent += static_cast<std::size_t>(put);
  return true;
}

void Relay::write_out(Channel& channel) {
  std::size_t written = 0;
  while (!exit_ && seal_next(channel) && write_record(channel)) {
    if (channel.sealed_sent == channel.sealed.size()) {
      written += channel.sealed.size() - record_overhead;
    }
  }
  channel.waiting -= std::min(written, channel.waiting);
  if (written > 0 && !channel.closed) {
    peer_.send(wire::ChannelCredit{channel.id, static_cast<std::uint32_t>(written)});
  }
  // Closing a socket that has something to read would throw away what was just written.
  const bool all = channel.chunks.empty() && channel.sealed_sent == channel.sealed.size();
  if (channel.closed && all && !std::exchange(channel.half_closed, true)) {
    ::shutdown(channel.fd.get(), SHUT_WR);
    may_read(channel);
  }
}

/// What it said before it went, a verdict perhaps, is still read; that ends with the reason as well.
void Relay::give_up_writing(Channel& channel) {
  channel.broken = true;
  channel.chunks.clear();
  channel.sealed.clear();
  channel.sealed_sent = 0;
  channel.waiting = 0;
  may_read(channel);
}

// ---- from workers

void Relay::may_read(Channel& channel) {
  if (!std::exchange(channel.queued_to_read, true)) {
    readable_.push_back(channel.id);
  }
}

void Relay::serve_readers() {
  for (std::size_t turns = readable_.size(); turns > 0 && peer_.backlog() < backlog_limit && !exit_; --turns) {
    const auto found = channels_.find(static_cast<std::uint32_t>(readable_.front()));
    readable_.pop_front();
    if (found != channels_.end()) {
      found->second.queued_to_read = false;
      read_some(found->second);
    }
  }
}

void Relay::read_some(Channel& channel) {
  const ssize_t got = ::read(channel.fd.get(), buffer_.data(), buffer_.size());
  if (got > 0) {
    plain_.clear();
    const bool sound = channel.session.opener.open({buffer_.data(), static_cast<std::size_t>(got)}, plain_);
    if (!channel.closed && !plain_.empty()) {
      peer_.send(wire::ChannelData{channel.id, false, plain_});
    }
    if (!sound) {
      finish(channel, "its connection was tampered with");
      return;
    }
    may_read(channel);  // until it says that there is no more: an end that came with the bytes is not told twice
  } else if (got == 0) {
    finish(channel, {});
  } else if (errno == EINTR) {
    may_read(channel);
  } else if (!would_block(errno)) {
    finish(channel, "its connection broke: " + error_text(errno));
  }
}

void Relay::finish(Channel& channel, std::string reason) {
  const wire::ChannelId id = channel.id;
  channels_.erase(static_cast<std::uint32_t>(id));
  peer_.send(wire::ChannelClosed{id, std::move(reason)});
}

// ---- time

void Relay::tick() {
  const auto now = Clock::now();
  if (now < next_tick_) {
    return;
  }
  next_tick_ = now + tick_interval;
  std::erase_if(visitors_, [now](const auto& visitor) { return now - visitor.second.came >= handshake_limit; });
  for (auto at = channels_.begin(); at != channels_.end();) {
    Channel& channel = (at++)->second;
    if (channel.closed && now - *channel.closed >= close_limit) {
      finish(channel, {});
    } else if (is_cut_off(channel.fd.get())) {
      finish(channel, "its connection broke: no answer");
    }
  }
}

void Relay::stop_with(ExitCode code, std::string_view why) {
  static_cast<void>(std::fprintf(stderr, "nmzagent: %.*s\n", static_cast<int>(why.size()), why.data()));
  exit_ = code;
}

}  // namespace nmz::agent
