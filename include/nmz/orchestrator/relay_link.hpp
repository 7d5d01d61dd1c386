// The coordinator's end of a relay: one stream in, a stream for every worker out (the protocol is in wire/relay.hpp).
//
// What many workers get, crosses the link once. The bytes of a channel are cut at the frames of the conversation, which
// is where equal contents of two conversations line up; a frame of 4 KiB or more is looked up by its SHA-256 and sent
// to be kept the first time, as the number of a kept piece from then on. Content-defined chunking would find more, and
// is not needed: a file of a commit is cut into frames the same way for every worker.
//
// When the link breaks, everything that goes through it ends with an error. The relay cannot be resumed, because what
// its workers had said is lost with it: the owner starts another one with another link, and the workers call that.
//
// For one io_context thread. The link may be destroyed at any time; its coroutines end soon after.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/error/result.hpp"
#include "nmz/job/outcome.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::orchestrator {

class RelayLink {
 public:
  /// `stream`: to the stdin and stdout of `nmzagent --relay`.
  RelayLink(boost::asio::any_io_executor executor, std::shared_ptr<Stream> stream);
  RelayLink(const RelayLink&) = delete;
  RelayLink& operator=(const RelayLink&) = delete;
  RelayLink(RelayLink&&) = delete;
  RelayLink& operator=(RelayLink&&) = delete;
  ~RelayLink();

  /// Once, before anything else: asks the relay to listen, and gives the port it listens on. `rejected` when it cannot.
  boost::asio::awaitable<Result<std::uint16_t>> open(std::vector<std::string> tokens, std::vector<std::string> keys,
                                                     std::string address, std::uint16_t port);
  /// Before open(): who hears of each worker that came (its slot and next key), and of each call that was refused.
  void on_call(std::function<void(const wire::ChannelOpened&)> came,
               std::function<void(const wire::CallRefused&)> refused);
  /// The Swarm says that the task has the slot now.
  void admit(std::uint32_t slot, std::string task);

  /// The next worker that calls; those that wait are served in the order they came. `waiter` is only a name for
  /// cancel_accept(). Ends with `cancelled`, or as everything does when the link is lost.
  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> accept(job::WorkerId waiter);
  void cancel_accept(job::WorkerId waiter);
  void cancel_accepts();

  /// Waits until the link is lost and tells why; `cancelled` after close().
  boost::asio::awaitable<Error> lost();

  /// Ends the stream to the relay, and with it the relay and every channel. What a write() of a channel has accepted
  /// but not handed to the stream yet is not sent.
  void close();

  /// Over the link, frames and all.
  [[nodiscard]] std::uint64_t bytes_sent() const;
  /// Written to channels, but taken from what the relay keeps.
  [[nodiscard]] std::uint64_t bytes_saved() const;

 private:
  class Core;
  class Channel;
  static boost::asio::awaitable<Result<std::uint16_t>> opened(std::shared_ptr<Core> core, wire::RelayHello hello);
  static boost::asio::awaitable<Result<std::shared_ptr<Stream>>> accepted(std::shared_ptr<Core> core,
                                                                          job::WorkerId waiter);
  static boost::asio::awaitable<Error> reason(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace nmz::orchestrator
