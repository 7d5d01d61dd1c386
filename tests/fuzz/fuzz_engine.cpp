// An Engine that answers anything: the client on a socket of this process, whose other end is played here.
//
// The first byte says what is asked for, the second whether the rest is a body under a proper head or the whole answer,
// head and all. One answer serves every request of the call.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "nmz/docker/engine.hpp"

#include "bytes.hpp"
#include "scratch.hpp"

namespace nmz::fuzz {
namespace {
namespace asio = boost::asio;
using asio::local::stream_protocol;
using docker::Engine;

constexpr std::chrono::milliseconds soon{2000};

/// Answers whatever comes with the same bytes.
struct Peer : std::enable_shared_from_this<Peer> {
  Peer(stream_protocol::socket socket_in, std::string answer_in)
      : socket{std::move(socket_in)}, answer{std::move(answer_in)} {}
  void serve() {
    socket.async_read_some(asio::buffer(request), [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->reply();
    });
  }
  void reply() {
    asio::async_write(socket, asio::buffer(answer), [self = shared_from_this()](auto, std::size_t) {
      boost::system::error_code ignored;
      self->socket.shutdown(stream_protocol::socket::shutdown_send, ignored);
    });
  }
  stream_protocol::socket socket;
  std::string answer;
  std::array<char, 8192> request{};
};

void listen(stream_protocol::acceptor& acceptor, const std::string& answer) {
  acceptor.async_accept([&acceptor, answer](auto error, stream_protocol::socket socket) {
    if (error) return;
    std::make_shared<Peer>(std::move(socket), answer)->serve();
    listen(acceptor, answer);
  });
}

asio::awaitable<void> read_attached(Engine& engine) {
  auto stream = co_await engine.attach("id");
  if (!stream) co_return;
  std::array<char, 256> buffer{};
  for (int reads = 0; reads < 100; ++reads) {
    const std::span<char> room{buffer};
    const auto output = co_await (*stream)->read(room);
    if (!output || output->from == docker::Attached::Output::From::end) co_return;
    demand(output->size > 0 && output->size <= buffer.size());
  }
}

asio::awaitable<void> push(Engine& engine) { static_cast<void>(co_await engine.push_image("a:b", "", soon)); }

asio::awaitable<void> list(Engine& engine, std::uint8_t which) {
  docker::Labels labels;
  switch (which % 4) {
    case 0:
      static_cast<void>(co_await engine.list_containers(labels));
      break;
    case 1:
      static_cast<void>(co_await engine.list_services(labels));
      break;
    case 2:
      static_cast<void>(co_await engine.list_images(labels));
      break;
    default:
      static_cast<void>(co_await engine.list_nodes());
  }
}

asio::awaitable<void> inspect(Engine& engine, std::uint8_t which) {
  switch (which % 5) {
    case 0:
      static_cast<void>(co_await engine.info());
      break;
    case 1:
      static_cast<void>(co_await engine.inspect_image("a"));
      break;
    case 2:
      static_cast<void>(co_await engine.inspect_container("a"));
      break;
    case 3:
      static_cast<void>(co_await engine.list_tasks("a"));
      break;
    default:
      static_cast<void>(co_await engine.address_in_network("n", "c"));
  }
}

asio::awaitable<void> ask(Engine& engine, std::uint8_t what) {
  switch (what % 4) {
    case 0:
      co_await read_attached(engine);
      break;
    case 1:
      co_await push(engine);
      break;
    case 2:
      co_await list(engine, what / 4);
      break;
    default:
      co_await inspect(engine, what / 4);
  }
}

std::string under_a_head(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string{body};
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  static const fuzz::Scratch scratch;
  const std::string path = (scratch.path() / "socket").string();
  fuzz::Bytes bytes(data, size);
  const std::uint8_t what = bytes.byte();
  const bool only_body = bytes.byte() % 2 == 0;
  boost::asio::io_context context;
  ::unlink(path.c_str());
  boost::asio::local::stream_protocol::acceptor acceptor{context, path};
  fuzz::listen(acceptor, only_body ? fuzz::under_a_head(bytes.rest()) : std::string{bytes.rest()});
  docker::Endpoint endpoint;
  endpoint.path = path;
  docker::Engine engine{context.get_executor(), endpoint};
  const auto done = [&](const std::exception_ptr& failure) {
    fuzz::demand(!failure);
    acceptor.close();
    engine.close();
  };
  boost::asio::co_spawn(context, fuzz::ask(engine, what), done);
  context.run();
  return 0;
}
