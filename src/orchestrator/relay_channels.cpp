// Workers that call, and the channels that they are given.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>

#include "relay_core.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr std::size_t outbox_limit = std::size_t{1} << 20;

Digest sha256(std::string_view bytes) {
  Digest digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"SHA-256 is not available"};
  }
  return digest;
}

}  // namespace

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

}  // namespace nmz::orchestrator
