// Counts the bytes between a program and the Docker Engine, in the middle of the connection: what really crosses it,
// whatever the program believes.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace nmz::bench {

class EngineProxy {
 public:
  /// Listens at `place`, a unix socket that is made, until destroyed. `engine`: the Engine's.
  EngineProxy(const std::filesystem::path& place, const std::filesystem::path& engine);
  EngineProxy(const EngineProxy&) = delete;
  EngineProxy& operator=(const EngineProxy&) = delete;
  EngineProxy(EngineProxy&&) = delete;
  EngineProxy& operator=(EngineProxy&&) = delete;
  ~EngineProxy();

  [[nodiscard]] std::uint64_t to_engine() const { return to_engine_; }
  [[nodiscard]] std::uint64_t from_engine() const { return from_engine_; }

 private:
  using Protocol = boost::asio::local::stream_protocol;
  struct Connection {
    explicit Connection(Protocol::socket client_in, Protocol::socket engine_in)
        : client{std::move(client_in)}, engine{std::move(engine_in)} {}
    Protocol::socket client;
    Protocol::socket engine;
    std::thread up;
    std::thread down;
  };

  void accept_all();
  static void carry(Protocol::socket& from, Protocol::socket& to, std::atomic<std::uint64_t>& count);

  boost::asio::io_context io_;
  Protocol::endpoint engine_;
  Protocol::acceptor acceptor_;
  std::atomic<bool> ending_ = false;
  std::atomic<std::uint64_t> to_engine_ = 0;
  std::atomic<std::uint64_t> from_engine_ = 0;
  std::list<Connection> connections_;  ///< of the accepting thread, until it has ended
  std::thread accepting_;
};

}  // namespace nmz::bench
