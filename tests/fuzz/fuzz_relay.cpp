// The relay between a coordinator and a worker that say anything: the real Relay on one end of a socket pair.
//
// It is asked to listen on the loopback interface only, whatever the input says. A worker that calls rightly connects
// and says the second half of the input; what the coordinator says comes after its channel is open.
#include <array>
#include <optional>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "bytes.hpp"
#include "relay.hpp"
#include "scratch.hpp"

namespace nmz::fuzz {
namespace {

/// A RelayHello in the input becomes one that listens where nobody else is; others stay what they are.
std::string harmless(std::string_view bytes) {
  wire::RelayDecoder decoder;
  decoder.feed(bytes);
  std::string said;
  std::string as_heard;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) {
    wire::encode(**next, as_heard);
    if (auto* hello = std::get_if<wire::RelayHello>(&**next)) {
      hello->address = "127.0.0.1";
      hello->port = 0;
    }
    wire::encode(**next, said);
  }
  if (as_heard.size() < bytes.size()) said += bytes.substr(as_heard.size());
  return said;
}

std::string greeting() {
  wire::RelayHello hello;
  hello.tokens = hello.keys = {std::string(wire::token_size, 't')};
  hello.address = "127.0.0.1";
  std::string bytes;
  wire::encode(hello, bytes);
  return bytes;
}

/// The next message of the relay, or nothing when it ends or says nothing for a second.
std::optional<wire::RelayMessage> hear(int fd, wire::RelayDecoder& decoder) {
  constexpr int patience = 1000;
  for (;;) {
    auto next = decoder.next();
    if (!next || *next) return next ? std::move(*next) : std::nullopt;
    pollfd event{fd, POLLIN, 0};
    std::array<char, 4096> buffer{};
    const ssize_t got = ::poll(&event, 1, patience) == 1 ? ::recv(fd, buffer.data(), buffer.size(), 0) : 0;
    if (got <= 0) return std::nullopt;
    decoder.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
}

int connect_worker(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  demand(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

/// The handshake of the one worker that the relay knows.
agent::Session call(int connection) {
  agent::Key token{};
  token.fill('t');
  const agent::Caller caller{1, agent::first_keys(token, "task"), agent::random_key()};
  write_what_fits(connection, caller.opening());
  std::string reply(agent::reply_size, '\0');
  demand(::recv(connection, reply.data(), reply.size(), MSG_WAITALL) == static_cast<ssize_t>(reply.size()));
  auto session = caller.finish(reply);
  demand(session.has_value());
  std::string last_word;
  session->sealer.seal(std::string(agent::task_size, 't'), last_word);
  write_what_fits(connection, last_word);
  return std::move(*session);
}

/// The first half sealed, so that the relay hears it, and the rest as it is.
void say(int connection, agent::Session& session, std::string_view worker) {
  std::string bytes;
  session.sealer.seal(worker.substr(0, worker.size() / 2), bytes);
  bytes += worker.substr(worker.size() / 2);
  write_what_fits(connection, bytes);
}

void converse(int fd, const std::string& coordinator, std::string_view worker) {
  write_what_fits(fd, greeting());
  wire::RelayDecoder decoder;
  const auto answer = hear(fd, decoder);
  const auto* ready = answer ? std::get_if<wire::RelayReady>(&*answer) : nullptr;
  demand(ready != nullptr && ready->failure.empty());
  // Once as somebody who proves nothing.
  const int stranger = connect_worker(ready->port);
  write_what_fits(stranger, std::string{worker});
  const int connection = connect_worker(ready->port);
  agent::Session session = call(connection);
  for (auto message = hear(fd, decoder);; message = hear(fd, decoder)) {
    demand(message.has_value());
    if (std::holds_alternative<wire::ChannelOpened>(*message)) break;
  }
  say(connection, session, worker);
  write_what_fits(fd, coordinator);
  ::shutdown(fd, SHUT_WR);
  while (hear(fd, decoder)) continue;
  // So that no port is left waiting for the end of its connection.
  const linger at_once{1, 0};
  for (const int each : {stranger, connection}) {
    ::setsockopt(each, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(each);
  }
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  fuzz::Bytes bytes(data, size);
  const std::size_t worker_part = std::min<std::size_t>(bytes.byte(), bytes.rest().size());
  const std::string_view worker = bytes.rest().substr(0, worker_part);
  const std::string coordinator = fuzz::harmless(bytes.rest().substr(worker_part));
  const auto [ours, its] = fuzz::socket_pair();
  {
    const std::jthread peer([ours = ours, &coordinator, worker] { fuzz::converse(ours, coordinator, worker); });
    // It watches its input and its output, each by a descriptor of its own.
    agent::Relay relay{agent::RelayStream{agent::UniqueFd{its}, agent::UniqueFd{::dup(its)}},
                       agent::UniqueFd{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)}};
    static_cast<void>(relay.run());
  }
  ::close(ours);
  return 0;
}
