// What a link to the relay consists of: its channels, who waits for one, and what is to be written.
//
// The core is what the coroutines and the channels share and keep alive; the link only ends it. Every wait is on a
// timer that never expires and is cancelled when something has changed (a bell, as in the coordinator's mailbox), in a
// loop over the condition.
//
// Writing: channels add frames to one buffer, which a single coroutine writes. While 1 MiB waits there, channels queue
// up for their turn, so that none of them gets ahead of the others and memory stays bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "nmz/orchestrator/relay_link.hpp"
#include "nmz/wire/relay.hpp"

#include "bell.hpp"
#include "frame_cutter.hpp"

namespace nmz::orchestrator {

/// SHA-256, by which what was sent once is known again.
using Digest = std::array<unsigned char, 32>;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t result = 0;
    std::memcpy(&result, digest.data(), sizeof(result));
    return result;
  }
};

/// What is known of one channel.
struct ChannelState {
  ChannelState(const boost::asio::any_io_executor& executor, wire::ChannelId id_in)
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
  Waiter(const boost::asio::any_io_executor& executor, job::WorkerId name_in) : name{name_in}, bell{executor} {}
  job::WorkerId name;
  bool cancelled = false;
  ChannelPtr channel;
  Bell bell;
};

class RelayLink::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::any_io_executor executor, std::shared_ptr<Stream> stream)
      : executor_{std::move(executor)},
        stream_{std::move(stream)},
        outbox_bell_{executor_},
        ready_bell_{executor_},
        lost_bell_{executor_} {}

  boost::asio::awaitable<Result<std::uint16_t>> open(wire::RelayHello hello);
  boost::asio::awaitable<Result<ChannelPtr>> accept(job::WorkerId name);
  void cancel_accepts(std::optional<job::WorkerId> name);
  void on_call(std::function<void(const wire::ChannelOpened&)> came,
               std::function<void(const wire::CallRefused&)> refused) {
    came_ = std::move(came);
    refused_ = std::move(refused);
  }
  void admit(std::uint32_t slot, std::string task) { post(wire::TaskAdmitted{slot, std::move(task)}); }
  boost::asio::awaitable<Error> lost();
  void end(Error why);

  boost::asio::awaitable<Result<std::size_t>> read(ChannelPtr channel, std::span<char> buffer);
  boost::asio::awaitable<Result<void>> write(ChannelPtr channel, std::string bytes);
  void close(const ChannelPtr& channel);

  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] std::uint64_t bytes_saved() const { return bytes_saved_; }

 private:
  template <class Coroutine>
  void spawn(Coroutine coroutine);
  boost::asio::awaitable<void> read_all();
  boost::asio::awaitable<void> write_all();
  void lose(const std::string& why) { end({ErrorKind::retryable, "the relay was lost: " + why}); }

  void post(const wire::RelayMessage& message);
  void post(ChannelState& channel, FrameCutter::Part part);
  boost::asio::awaitable<void> turn(ChannelPtr channel);
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

  boost::asio::any_io_executor executor_;
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

}  // namespace nmz::orchestrator
