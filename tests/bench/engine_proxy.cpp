// A thread for each direction of each connection: there are a dozen, and blocking calls keep the order of things
// (bytes, then the half-close) without a word.
#include "engine_proxy.hpp"

#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

namespace nmz::bench {
namespace asio = boost::asio;

EngineProxy::EngineProxy(const std::filesystem::path& place, const std::filesystem::path& engine)
    : engine_{engine.string()}, acceptor_{io_, Protocol::endpoint{place.string()}}, accepting_{[this] {
        accept_all();
      }} {}

EngineProxy::~EngineProxy() {
  ending_ = true;
  // Wakes the thread in accept(); closing the descriptor would not.
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
  accepting_.join();
  for (Connection& connection : connections_) {
    ::shutdown(connection.client.native_handle(), SHUT_RDWR);
    ::shutdown(connection.engine.native_handle(), SHUT_RDWR);
    connection.up.join();
    connection.down.join();
  }
}

void EngineProxy::accept_all() {
  while (!ending_) {
    boost::system::error_code error;
    Protocol::socket client{io_};
    acceptor_.accept(client, error);
    if (error) continue;
    Protocol::socket engine{io_};
    engine.connect(engine_, error);
    if (error) continue;
    Connection& one = connections_.emplace_back(std::move(client), std::move(engine));
    one.up = std::thread{[this, &one] { carry(one.client, one.engine, to_engine_); }};
    one.down = std::thread{[this, &one] { carry(one.engine, one.client, from_engine_); }};
  }
}

void EngineProxy::carry(Protocol::socket& from, Protocol::socket& to, std::atomic<std::uint64_t>& count) {
  std::vector<char> buffer(std::size_t{64} << 10);
  boost::system::error_code error;
  while (true) {
    const std::size_t got = from.read_some(asio::buffer(buffer), error);
    if (error) break;
    asio::write(to, asio::buffer(buffer.data(), got), error);
    if (error) break;
    count += got;
  }
  ::shutdown(to.native_handle(), SHUT_WR);
  ::shutdown(from.native_handle(), SHUT_RD);
}

}  // namespace nmz::bench
