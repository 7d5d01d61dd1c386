// Core is what the coroutines and the channels share and keep alive; the link only ends it. Every wait is on a timer
// that never expires and is cancelled when something has changed (a bell, as in the coordinator's mailbox), in a loop
// over the condition.
//
// Writing: channels add frames to one buffer, which a single coroutine writes. While 1 MiB waits there, channels queue
// up for their turn, so that none of them gets ahead of the others and memory stays bounded.
#include "nmz/orchestrator/relay_link.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/evp.h>

#include "nmz/wire/relay.hpp"

#include "bell.hpp"
#include "frame_cutter.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr auto open_limit = std::chrono::seconds{20};
constexpr std::size_t outbox_limit = std::size_t{1} << 20;
constexpr std::size_t read_size = std::size_t{256} << 10;

using Digest = std::array<unsigned char, 32>;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t result = 0;
    std::memcpy(&result, digest.data(), sizeof(result));
    return result;
  }
};

Digest sha256(std::string_view bytes) {
  Digest digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"SHA-256 is not available"};
  }
  return digest;
}

/// What is known of one channel.
struct ChannelState {
  ChannelState(const asio::any_io_executor& executor, wire::ChannelId id_in)
      : id{id_in}, readable{executor}, writable{executor} {}

  wire::ChannelId id;
  std::string inbox;
  std::size_t taken = 0;       ///< bytes at the front of the inbox that were read
  std::optional<Error> error;  ///< how it ended, if not orderly
  bool ended = false;          ///< nothing comes any more
  bool closed = false;         ///< by us
  bool has_turn = false;
  std::size_t credit = wire::channel_window;
  FrameCutter cutter;
  Bell readable;
  Bell writable;

  void end(std::optional<Error> why) {
    if (ended) return;
    ended = true;
    error = std::move(why);
    readable.ring();
    writable.ring();
  }
};
using ChannelPtr = std::shared_ptr<ChannelState>;

struct Waiter {
  Waiter(const asio::any_io_executor& executor, job::WorkerId name_in) : name{name_in}, bell{executor} {}
  job::WorkerId name;
  bool cancelled = false;
  ChannelPtr channel;
  Bell bell;
};

}  // namespace

class RelayLink::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::any_io_executor executor, std::shared_ptr<Stream> stream)
      : executor_{std::move(executor)},
        stream_{std::move(stream)},
        outbox_bell_{executor_},
        ready_bell_{executor_},
        lost_bell_{executor_} {}

  asio::awaitable<Result<std::uint16_t>> open(wire::RelayHello hello);
  asio::awaitable<Result<ChannelPtr>> accept(job::WorkerId name);
  void cancel_accepts(std::optional<job::WorkerId> name);
  void on_call(std::function<void(const wire::ChannelOpened&)> came,
               std::function<void(const wire::CallRefused&)> refused) {
    came_ = std::move(came);
    refused_ = std::move(refused);
  }
  void admit(std::uint32_t slot, std::string task) { post(wire::TaskAdmitted{slot, std::move(task)}); }
  asio::awaitable<Error> lost();
  void end(Error why);

  asio::awaitable<Result<std::size_t>> read(ChannelPtr channel, std::span<char> buffer);
  asio::awaitable<Result<void>> write(ChannelPtr channel, std::string bytes);
  void close(const ChannelPtr& channel);

  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] std::uint64_t bytes_saved() const { return bytes_saved_; }

 private:
  template <class Coroutine>
  void spawn(Coroutine coroutine);
  asio::awaitable<void> read_all();
  asio::awaitable<void> write_all();
  void lose(const std::string& why) { end({ErrorKind::retryable, "the relay was lost: " + why}); }

  void post(const wire::RelayMessage& message);
  void post(ChannelState& channel, FrameCutter::Part part);
  asio::awaitable<void> turn(ChannelPtr channel);
  void next_turn();

  [[nodiscard]] std::string handle(wire::RelayMessage message);
  void on(wire::RelayReady ready);
  void on(const wire::ChannelOpened& opened);
  void on(const wire::CallRefused& refused) {
    if (refused_) refused_(refused);
  }
  void on(const wire::ChannelCredit& credit);
  void on(const wire::ChannelData& data);
  void on(wire::ChannelClosed closed);
  void match_waiters();

  asio::any_io_executor executor_;
  std::shared_ptr<Stream> stream_;
  std::optional<Error> end_;
  std::function<void(const wire::ChannelOpened&)> came_;
  std::function<void(const wire::CallRefused&)> refused_;
  std::optional<wire::RelayReady> ready_;
  bool ready_late_ = false;

  std::map<wire::ChannelId, ChannelPtr> channels_;
  std::deque<ChannelPtr> unclaimed_;
  std::deque<std::shared_ptr<Waiter>> waiters_;

  std::string outbox_;
  std::deque<ChannelPtr> turns_;  ///< channels that wait for room in the outbox
  std::unordered_map<Digest, std::uint32_t, DigestHash> kept_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_saved_ = 0;

  Bell outbox_bell_;
  Bell ready_bell_;
  Bell lost_bell_;
};

// ---- the link

/// Every coroutine holds the core, and ends when end() has been called.
template <class Coroutine>
void RelayLink::Core::spawn(Coroutine coroutine) {
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor_, std::move(coroutine), std::move(done));
}

asio::awaitable<Result<std::uint16_t>> RelayLink::Core::open(wire::RelayHello hello) {
  spawn(read_all());
  spawn(write_all());
  post(hello);
  asio::steady_timer limit{executor_, open_limit};
  limit.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
    if (code) return;
    self->ready_late_ = true;
    self->ready_bell_.ring();
  });
  while (!ready_ && !ready_late_ && !end_) co_await ready_bell_.wait();
  limit.cancel();
  if (!ready_ && !end_) end({ErrorKind::timed_out, "the relay did not answer"});
  if (end_) co_return tl::unexpected<Error>{*end_};
  if (!ready_->failure.empty()) {
    end({ErrorKind::rejected, "the relay: " + ready_->failure});
    co_return tl::unexpected<Error>{*end_};
  }
  co_return ready_->port;
}

void RelayLink::Core::end(Error why) {
  if (end_) return;
  end_ = std::move(why);
  stream_->close();
  for (const auto& [id, channel] : channels_) channel->end(*end_);
  channels_.clear();
  unclaimed_.clear();
  for (const std::shared_ptr<Waiter>& waiter : waiters_) waiter->bell.ring();
  outbox_bell_.ring();
  ready_bell_.ring();
  lost_bell_.ring();
}

asio::awaitable<Error> RelayLink::Core::lost() {
  while (!end_) co_await lost_bell_.wait();
  co_return *end_;
}

asio::awaitable<void> RelayLink::Core::read_all() {
  const auto self = shared_from_this();
  wire::RelayDecoder decoder;
  std::vector<char> buffer(read_size);
  while (!end_) {
    const std::span<char> space{buffer};
    Result<std::size_t> count = co_await stream_->read(space);
    if (!count || *count == 0) {
      lose(count ? "it ended" : count.error().message);
      co_return;
    }
    decoder.feed({buffer.data(), *count});
    while (!end_) {
      auto message = decoder.next();
      std::string violation = message ? std::string{} : message.error().message;
      if (message && !*message) break;
      if (message) violation = handle(std::move(**message));
      if (!violation.empty()) lose(violation);
    }
  }
}

asio::awaitable<void> RelayLink::Core::write_all() {
  const auto self = shared_from_this();
  while (!end_) {
    if (outbox_.empty()) {
      co_await outbox_bell_.wait();
      continue;
    }
    std::string bytes = std::exchange(outbox_, {});
    bytes_sent_ += bytes.size();
    next_turn();
    Result<void> written = co_await stream_->write(std::move(bytes));
    if (!written) lose(written.error().message);
  }
}

/// What is wrong with it.
std::string RelayLink::Core::handle(wire::RelayMessage message) {
  const bool first = !ready_;
  if (first != std::holds_alternative<wire::RelayReady>(message)) return "it broke the protocol";
  const auto take = [this](auto& part) -> std::string {
    if constexpr (requires { this->on(std::move(part)); }) {
      on(std::move(part));
      return {};
    } else {
      return "it sent a message only a coordinator sends";
    }
  };
  return std::visit(take, message);
}

void RelayLink::Core::on(wire::RelayReady ready) {
  if (ready.protocol != wire::relay_protocol_version && ready.failure.empty()) ready.failure = "another protocol";
  ready_ = std::move(ready);
  ready_bell_.ring();
}

void RelayLink::Core::on(const wire::ChannelOpened& opened) {
  if (came_) came_(opened);
  auto channel = std::make_shared<ChannelState>(executor_, opened.channel);
  channels_[opened.channel] = channel;
  unclaimed_.push_back(std::move(channel));
  match_waiters();
}

void RelayLink::Core::on(const wire::ChannelCredit& credit) {
  const auto found = channels_.find(credit.channel);
  if (found == channels_.end()) return;
  found->second->credit += credit.bytes;
  found->second->writable.ring();
}

void RelayLink::Core::on(const wire::ChannelData& data) {
  const auto found = channels_.find(data.channel);
  if (found == channels_.end() || found->second->closed) return;
  found->second->inbox += data.bytes;
  found->second->readable.ring();
}

void RelayLink::Core::on(wire::ChannelClosed closed) {
  const auto found = channels_.find(closed.channel);
  if (found == channels_.end()) return;
  const ChannelPtr channel = found->second;
  channels_.erase(found);
  std::erase(unclaimed_, channel);
  std::optional<Error> error;
  if (!closed.reason.empty()) error.emplace(ErrorKind::retryable, std::move(closed.reason));
  channel->end(std::move(error));
}

// ---- workers that call

asio::awaitable<Result<ChannelPtr>> RelayLink::Core::accept(job::WorkerId name) {
  const auto self = shared_from_this();
  const auto waiter = std::make_shared<Waiter>(executor_, name);
  waiters_.push_back(waiter);
  match_waiters();
  while (!waiter->channel && !waiter->cancelled && !end_) co_await waiter->bell.wait();
  std::erase(waiters_, waiter);
  if (end_) co_return tl::unexpected<Error>{*end_};
  if (!waiter->channel) co_return fail(ErrorKind::cancelled, "cancelled");
  co_return waiter->channel;
}

void RelayLink::Core::match_waiters() {
  while (!waiters_.empty() && !unclaimed_.empty()) {
    waiters_.front()->channel = std::move(unclaimed_.front());
    waiters_.front()->bell.ring();
    waiters_.pop_front();
    unclaimed_.pop_front();
  }
}

void RelayLink::Core::cancel_accepts(std::optional<job::WorkerId> name) {
  for (const std::shared_ptr<Waiter>& waiter : waiters_) {
    if (name && waiter->name != *name) continue;
    waiter->cancelled = true;
    waiter->bell.ring();
  }
  std::erase_if(waiters_, [](const auto& waiter) { return waiter->cancelled; });
}

// ---- channels

asio::awaitable<Result<std::size_t>> RelayLink::Core::read(ChannelPtr channel, std::span<char> buffer) {
  const auto self = shared_from_this();
  while (channel->inbox.empty() && !channel->ended && !channel->closed) co_await channel->readable.wait();
  if (channel->closed) co_return fail(ErrorKind::cancelled, "cancelled");
  if (channel->inbox.empty()) {
    if (channel->error) co_return tl::unexpected<Error>{*channel->error};
    co_return std::size_t{0};
  }
  const std::size_t count = std::min(buffer.size(), channel->inbox.size() - channel->taken);
  std::memcpy(buffer.data(), channel->inbox.data() + channel->taken, count);
  channel->taken += count;
  if (channel->taken == channel->inbox.size()) {
    channel->inbox.clear();
    channel->taken = 0;
  }
  co_return count;
}

asio::awaitable<Result<void>> RelayLink::Core::write(ChannelPtr channel, std::string bytes) {
  const auto self = shared_from_this();
  const std::vector<FrameCutter::Part> parts = channel->cutter.cut(bytes);
  for (const FrameCutter::Part& part : parts) {
    const auto over = [&channel] { return channel->ended || channel->closed; };
    while (channel->credit < part.bytes.size() && !over()) co_await channel->writable.wait();
    if (!over() && (outbox_.size() >= outbox_limit || !turns_.empty())) {
      co_await turn(channel);
    }
    if (channel->closed) co_return fail(ErrorKind::cancelled, "cancelled");
    if (channel->error) co_return tl::unexpected<Error>{*channel->error};
    if (channel->ended) co_return fail(ErrorKind::retryable, "the worker has gone");
    post(*channel, part);
    next_turn();
  }
  co_return Result<void>{};
}

/// Until it has its turn, or has ended; then somebody else has it.
asio::awaitable<void> RelayLink::Core::turn(ChannelPtr channel) {
  channel->has_turn = false;
  turns_.push_back(channel);
  while (!channel->has_turn && !channel->ended && !channel->closed) co_await channel->writable.wait();
  std::erase(turns_, channel);
  if (channel->ended || channel->closed) next_turn();
}

void RelayLink::Core::next_turn() {
  if (turns_.empty() || outbox_.size() >= outbox_limit) return;
  turns_.front()->has_turn = true;
  turns_.front()->writable.ring();
  turns_.pop_front();
}

void RelayLink::Core::post(const wire::RelayMessage& message) {
  wire::encode(message, outbox_);
  outbox_bell_.ring();
}

void RelayLink::Core::post(ChannelState& channel, FrameCutter::Part part) {
  channel.credit -= part.bytes.size();
  wire::ChannelData data;
  if (part.whole_frame) {
    const auto number = static_cast<std::uint32_t>(kept_.size());
    const auto [kept, is_new] = kept_.try_emplace(sha256(part.bytes), number);
    if (!is_new) {
      bytes_saved_ += part.bytes.size();
      post(wire::ChannelReplay{channel.id, kept->second});
      return;
    }
    data.keep = true;
  }
  data.channel = channel.id;
  data.bytes = part.bytes;
  post(data);
}

void RelayLink::Core::close(const ChannelPtr& channel) {
  if (channel->closed) return;
  channel->closed = true;
  channel->inbox.clear();
  channel->readable.ring();
  channel->writable.ring();
  if (!end_ && channels_.contains(channel->id)) post(wire::ChannelClose{channel->id});
}

class RelayLink::Channel final : public Stream {
 public:
  Channel(std::shared_ptr<Core> core, ChannelPtr state) : core_{std::move(core)}, state_{std::move(state)} {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  Channel(Channel&&) = delete;
  Channel& operator=(Channel&&) = delete;
  ~Channel() override { core_->close(state_); }

  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override { return core_->read(state_, buffer); }
  asio::awaitable<Result<void>> write(std::string bytes) override { return core_->write(state_, std::move(bytes)); }
  void close() override { core_->close(state_); }

 private:
  std::shared_ptr<Core> core_;
  ChannelPtr state_;
};

// These hold the core from the call on; the link may be gone before they start to run.

asio::awaitable<Result<std::uint16_t>> RelayLink::opened(std::shared_ptr<Core> core, wire::RelayHello hello) {
  Result<std::uint16_t> port = co_await core->open(std::move(hello));
  co_return port;
}

asio::awaitable<Result<std::shared_ptr<Stream>>> RelayLink::accepted(std::shared_ptr<Core> core, job::WorkerId waiter) {
  Result<ChannelPtr> channel = co_await core->accept(waiter);
  if (!channel) co_return tl::unexpected<Error>{channel.error()};
  std::shared_ptr<Stream> stream = std::make_shared<Channel>(core, *channel);
  co_return stream;
}

asio::awaitable<Error> RelayLink::reason(std::shared_ptr<Core> core) {
  Error why = co_await core->lost();
  co_return why;
}

RelayLink::RelayLink(asio::any_io_executor executor, std::shared_ptr<Stream> stream)
    : core_{std::make_shared<Core>(std::move(executor), std::move(stream))} {}

RelayLink::~RelayLink() { close(); }

asio::awaitable<Result<std::uint16_t>> RelayLink::open(std::vector<std::string> tokens, std::vector<std::string> keys,
                                                       std::string address, std::uint16_t port) {
  wire::RelayHello hello;
  hello.tokens = std::move(tokens);
  hello.keys = std::move(keys);
  hello.address = std::move(address);
  hello.port = port;
  return opened(core_, std::move(hello));
}

asio::awaitable<Result<std::shared_ptr<Stream>>> RelayLink::accept(job::WorkerId waiter) {
  return accepted(core_, waiter);
}

void RelayLink::on_call(std::function<void(const wire::ChannelOpened&)> came,
                        std::function<void(const wire::CallRefused&)> refused) {
  core_->on_call(std::move(came), std::move(refused));
}
void RelayLink::admit(std::uint32_t slot, std::string task) { core_->admit(slot, std::move(task)); }

void RelayLink::cancel_accept(job::WorkerId waiter) { core_->cancel_accepts(waiter); }
void RelayLink::cancel_accepts() { core_->cancel_accepts(std::nullopt); }

asio::awaitable<Error> RelayLink::lost() { return reason(core_); }

void RelayLink::close() { core_->end({ErrorKind::cancelled, "cancelled"}); }

std::uint64_t RelayLink::bytes_sent() const { return core_->bytes_sent(); }
std::uint64_t RelayLink::bytes_saved() const { return core_->bytes_saved(); }

}  // namespace nmz::orchestrator
