// Callbacks, because each connection is one read and then writes. All of them are on the server's thread.
#include "nmz/http/loopback_server.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "nmz/process/randomness.hpp"

namespace nmz::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace {

using Code = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Reply = LoopbackServer::Reply;

constexpr std::uint32_t longest_head = 16 << 10;
constexpr std::chrono::seconds head_deadline{10};
constexpr std::size_t most_waiting = std::size_t{256} << 20;  ///< bytes that a stream has not read
constexpr std::size_t most_connections = 64;

std::string random_secret() {
  std::array<unsigned char, 16> bytes{};
  process::fill_with_randomness(std::span<unsigned char>{bytes});
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// In a time that does not tell how much of it was right.
bool same(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i) difference |= static_cast<unsigned>(one[i] ^ other[i]);
  return difference == 0;
}

const char* reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    default:
      return "Not Found";
  }
}

Reply refusal(unsigned status, std::string why) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(why);
  return reply;
}

std::string head_of(const Reply& reply) {
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Connection: close\r\n",
      reply.status, reason_of(reply.status), reply.type);
  if (!reply.stream) head += fmt::format("Content-Length: {}\r\n", reply.body.size());
  return head + "\r\n";
}

void close_in_children(auto& socket) { static_cast<void>(::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC)); }

/// What is asked, as far as it decides who may.
struct Asked {
  bool get = false;
  std::string host;
  std::string target;
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Decide = std::function<Reply(const Asked&)>;
  Connection(Tcp::socket socket, Decide decide, std::function<void(const std::shared_ptr<Connection>&)> ended)
      : socket_{std::move(socket)},
        deadline_{socket_.get_executor()},
        decide_{std::move(decide)},
        ended_{std::move(ended)} {
    parser_.header_limit(longest_head);
  }

  void begin() {
    deadline_.expires_after(head_deadline);
    deadline_.async_wait([self = shared_from_this()](const Code& code) {
      if (!code) self->close();
    });
    beast::http::async_read_header(socket_, buffer_, parser_,
                                   [self = shared_from_this()](const Code& code, std::size_t) {
                                     self->deadline_.cancel();
                                     return code ? self->end() : self->reply();
                                   });
  }

  /// Of a stream.
  void send(const std::shared_ptr<const std::string>& bytes) {
    if (!streams_) return;
    waiting_ += bytes->size();
    if (waiting_ > most_waiting) return close();
    to_send_.push_back(bytes);
    if (to_send_.size() == 1) write();
  }

  /// Nothing is sent any more but what waits.
  void finish() {
    streams_ = false;
    if (answered_ && to_send_.empty()) end();
    if (!answered_) close();
  }

  void close() {
    Code ignored;
    socket_.close(ignored);
    deadline_.cancel();
  }

 private:
  void reply() {
    const auto& head = parser_.get();
    Asked asked;
    asked.get = head.method() == beast::http::verb::get;
    asked.host = std::string{head[beast::http::field::host]};
    asked.target = std::string{head.target()};
    Reply reply = decide_(asked);
    streams_ = reply.stream;
    gone_ = std::move(reply.gone);
    answered_ = true;
    to_send_.push_back(std::make_shared<const std::string>(head_of(reply) + reply.body));
    write();
    if (streams_) watch();
  }

  void write() {
    asio::async_write(socket_, asio::buffer(*to_send_.front()),
                      [self = shared_from_this()](const Code& code, std::size_t size) {
                        self->waiting_ -= std::min(self->waiting_, size);
                        self->to_send_.pop_front();
                        if (code || (self->to_send_.empty() && !self->streams_)) return self->end();
                        if (!self->to_send_.empty()) self->write();
                      });
  }

  /// A stream's client says nothing more; it can only go.
  void watch() {
    socket_.async_read_some(asio::buffer(&byte_, 1), [self = shared_from_this()](const Code& code, std::size_t) {
      if (code) return self->end();
      self->watch();
    });
  }

  void end() {
    close();
    if (const auto gone = std::exchange(gone_, {})) gone();
    if (const auto ended = std::exchange(ended_, {})) ended(shared_from_this());
  }

  Tcp::socket socket_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_;
  beast::http::request_parser<beast::http::empty_body> parser_;
  Decide decide_;
  std::function<void(const std::shared_ptr<Connection>&)> ended_;
  std::deque<std::shared_ptr<const std::string>> to_send_;
  std::size_t waiting_ = 0;
  std::function<void()> gone_;
  bool answered_ = false;
  bool streams_ = false;
  char byte_ = 0;
};

}  // namespace

struct LoopbackServer::Parts {
  explicit Parts(Answer answer_in) : answer{std::move(answer_in)} {}

  Result<void> listen(std::uint16_t wanted) {
    Code code;
    const Tcp::endpoint place{asio::ip::address_v4::loopback(), wanted};
    acceptor.open(place.protocol(), code);
    if (!code) {
      close_in_children(acceptor);
      acceptor.set_option(asio::socket_base::reuse_address{true}, code);
    }
    if (!code) acceptor.bind(place, code);
    if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
    if (!code) port = acceptor.local_endpoint(code).port();
    if (!code) return {};
    const std::string where = wanted == 0 ? "a port" : fmt::format("port {}", wanted);
    if (code == asio::error::address_in_use)
      return fail(ErrorKind::misconfigured, where + " is in use by another program");
    return fail(ErrorKind::misconfigured, where + " cannot be listened at: " + code.message());
  }

  void accept() {
    acceptor.async_accept([this](const Code& code, Tcp::socket socket) {
      if (code == asio::error::operation_aborted) return;
      if (!code && connections.size() < most_connections) {
        close_in_children(socket);
        auto fresh = std::make_shared<Connection>(
            std::move(socket), [this](const Asked& asked) { return decide(asked); },
            [this](const std::shared_ptr<Connection>& one) { forget(one); });
        connections.insert(fresh);
        fresh->begin();
      }
      accept();
    });
  }

  /// Then the loop has nothing more to do.
  void finish() {
    constexpr std::chrono::seconds most{2};
    Code ignored;
    acceptor.close(ignored);
    const auto all = connections;
    for (const auto& one : all) one->finish();
    limit.expires_after(most);
    limit.async_wait([this](const Code& code) {
      if (!code) io.stop();
    });
    if (connections.empty()) limit.cancel();
    finishes = true;
  }

  void forget(const std::shared_ptr<Connection>& one) {
    connections.erase(one);
    if (finishes && connections.empty()) limit.cancel();
  }

  [[nodiscard]] Reply decide(const Asked& asked) const {
    if (asked.host != fmt::format("127.0.0.1:{}", port) && asked.host != fmt::format("localhost:{}", port)) {
      return refusal(403, "This is for a browser on this machine, at the address that the program told.\n");
    }
    const std::string_view target{asked.target};
    const std::size_t slash = target.find('/', 1);
    if (slash == std::string_view::npos || !same(target.substr(0, slash), "/" + secret)) {
      return refusal(404, "There is nothing here. The address that the program told is longer.\n");
    }
    if (!asked.get) return refusal(405, "Only GET.\n");
    return answer(std::string{target.substr(slash + 1)});
  }

  Answer answer;
  std::string secret = random_secret();
  asio::io_context io{1};
  Tcp::acceptor acceptor{io};
  std::uint16_t port = 0;
  asio::steady_timer limit{io};
  bool finishes = false;
  std::set<std::shared_ptr<Connection>> connections;
  std::thread thread;
};

LoopbackServer::LoopbackServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

Result<std::unique_ptr<LoopbackServer>> LoopbackServer::open(std::uint16_t port, Answer answer) {
  auto parts = std::make_unique<Parts>(std::move(answer));
  if (const Result<void> listens = parts->listen(port); !listens) return tl::unexpected{listens.error()};
  parts->accept();
  parts->thread = std::thread{[&its = *parts] { its.io.run(); }};
  return std::unique_ptr<LoopbackServer>{new LoopbackServer{std::move(parts)}};
}

LoopbackServer::~LoopbackServer() {
  asio::post(parts_->io, [&its = *parts_] { its.finish(); });
  parts_->thread.join();
}

std::string LoopbackServer::address() const {
  return fmt::format("http://127.0.0.1:{}/{}/", parts_->port, parts_->secret);
}

void LoopbackServer::publish(std::string bytes) {
  asio::post(parts_->io, [&its = *parts_, bytes = std::make_shared<const std::string>(std::move(bytes))] {
    const auto connections = its.connections;  // sending may end one
    for (const auto& one : connections) one->send(bytes);
  });
}

std::string server_sent_event(std::string_view name, std::string_view data) {
  std::string event = "event: " + std::string{name} + "\n";
  while (true) {
    const std::string_view line = data.substr(0, data.find('\n'));
    event += "data: ";
    event += line;
    event += '\n';
    if (line.size() == data.size()) break;
    data.remove_prefix(line.size() + 1);
  }
  return event + "\n";
}

}  // namespace nmz::http
