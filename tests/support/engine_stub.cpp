#include "engine_stub.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace nmz::support {
namespace {

constexpr const char* image = R"({"Id":"sha256:1111","RepoTags":["suite:latest"],"Config":{"Labels":{
  "net.osrg.namazu-swarm.v0.master.script":"echo a","net.osrg.namazu-swarm.v0.worker.script":"cat"}}})";

void send_all(int connection, const std::string& text) {
  static_cast<void>(::send(connection, text.data(), text.size(), MSG_NOSIGNAL));
}

void send_json(int connection, const std::string& body, const std::string& status = "200 OK") {
  send_all(connection, "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
}

bool asks(const std::string& head, const char* what) {
  return head.substr(0, head.find('\r')).find(what) != std::string::npos;
}

}  // namespace

EngineStub::EngineStub(std::filesystem::path socket, Stalls stalls) : socket_{std::move(socket)}, stalls_{stalls} {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket_.string();
  if (path.size() >= sizeof address.sun_path) throw std::invalid_argument{"too long for a socket: " + path};
  std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
  void* const place = &address;
  if (::bind(listener_, static_cast<sockaddr*>(place), sizeof address) != 0 || ::listen(listener_, 16) != 0) {
    throw std::runtime_error{"cannot listen on " + path};
  }
  thread_ = std::thread{[this] { accept_all(); }};
}

EngineStub::~EngineStub() {
  ended_ = true;
  thread_.join();
  for (std::thread& one : connections_) one.join();
  ::close(listener_);
}

void EngineStub::accept_all() {
  while (!ended_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 20) != 1) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) connections_.emplace_back([this, connection] { serve(connection); });
  }
}

/// Requests one after the other; a body that comes in chunks is read to its end.
void EngineStub::serve(int connection) {
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (!ended_) {
    const std::size_t end = bytes.find("\r\n\r\n");
    const bool chunked = end != std::string::npos && bytes.substr(0, end).find("chunked") != std::string::npos;
    const std::size_t last = chunked ? bytes.find("\r\n0\r\n\r\n", end) : end;
    if (last != std::string::npos) {
      answer(connection, bytes.substr(0, end));
      bytes.clear();
      continue;
    }
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, 20) != 1) continue;
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(connection);
}

void EngineStub::answer(int connection, const std::string& head) {
  const bool stalls = (stalls_ == Stalls::pull && asks(head, "/images/create")) ||
                      (stalls_ == Stalls::build && asks(head, "/build")) ||
                      (stalls_ == Stalls::push && asks(head, "/push"));
  if (stalls) {
    send_all(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::ofstream{stalled()} << "now\n";
  } else if (asks(head, "/build")) {
    send_json(connection, R"({"aux":{"ID":"sha256:2222"}})"
                          "\n");
  } else if (asks(head, "/version")) {
    send_json(connection, R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})");
  } else if (asks(head, "/info")) {
    utsname machine{};
    ::uname(&machine);
    const std::string architecture{static_cast<const char*>(machine.machine)};
    send_json(connection, R"({"Name":"stub","OSType":"linux","NCPU":2,"ServerVersion":"1","Architecture":")" +
                              architecture + "\"}");
  } else if (asks(head, "/images/") && asks(head, "/json ")) {
    send_json(connection, image, stalls_ == Stalls::pull ? "404 Not Found" : "200 OK");
  } else {
    send_json(connection, "[]");
  }
}

}  // namespace nmz::support
