// The link itself: its two coroutines, and what the relay says.
#include "relay_core.hpp"

#include <chrono>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr auto open_limit = std::chrono::seconds{20};
constexpr std::size_t read_size = std::size_t{256} << 10;

}  // namespace

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

}  // namespace nmz::orchestrator
