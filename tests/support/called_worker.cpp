#include "called_worker.hpp"

#include <array>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nmz::support {

CalledWorker::CalledWorker(Answer answer)
    : answer_{std::move(answer)}, listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0 || ::getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error{"cannot listen"};
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { serve(); }};
}

CalledWorker::~CalledWorker() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  if (const int caller = caller_; caller >= 0) ::shutdown(caller, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::vector<std::string> CalledWorker::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

void CalledWorker::serve() {
  while (!ending_) {
    const int caller = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (caller < 0) continue;
    caller_ = caller;
    if (ending_) ::shutdown(caller, SHUT_RDWR);
    std::string request;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while ((got = ::read(caller, buffer.data(), buffer.size())) > 0) {
      request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (got == 0 && !request.empty() && !ending_) {
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
      }
      answer_(caller, request);
    }
    caller_ = -1;
    ::close(caller);
  }
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void wait_for_end(int fd) {
  pollfd gone{fd, 0, 0};
  static_cast<void>(::poll(&gone, 1, -1));
}

std::string chunk_of(const std::string& request) {
  constexpr std::string_view name = "\"chunk_id\":";
  const std::size_t at = request.find(name) + name.size();
  return request.substr(at, request.find(',', at) - at);
}

std::string result_of(const std::string& request, bool successful, const std::string& log) {
  return "{\"chunk_id\":" + chunk_of(request) + ",\"successful\":" + (successful ? "true" : "false") +
         ",\"raw_log\":\"" + log + "\"}";
}

}  // namespace nmz::support
