// See tcp.hpp.
#include "tcp.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace nmz::agent {
namespace {

constexpr int keepalive_idle = 5;
constexpr int keepalive_interval = 2;
constexpr int keepalive_probes = 3;

/// The sixth transmission is 6 s after the first at the earliest; with the second condition alone, the first loss after
/// an hour of silence would look like an hour without an answer.
constexpr unsigned unanswered_limit = 5;
constexpr std::uint32_t silence_limit_ms = 10'000;

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof(value)); }

}  // namespace

const sockaddr* Address::raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }

std::optional<Address> Address::of(const std::string& host, std::uint16_t port) {
  Address address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage_);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage_);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size_ = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size_ = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  return address;
}

std::optional<Address> Address::parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, last, port);
  if (error != std::errc{} || end != last || port == 0) {
    return std::nullopt;
  }
  return of(host, port);
}

std::optional<Address> Address::of_socket(int fd) {
  Address address;
  address.size_ = sizeof(address.storage_);
  auto* const raw = reinterpret_cast<sockaddr*>(&address.storage_);
  return ::getsockname(fd, raw, &address.size_) == 0 ? std::optional{address} : std::nullopt;
}

std::optional<Address> Address::of_peer(int fd) {
  Address address;
  address.size_ = sizeof(address.storage_);
  auto* const raw = reinterpret_cast<sockaddr*>(&address.storage_);
  return ::getpeername(fd, raw, &address.size_) == 0 ? std::optional{address} : std::nullopt;
}

std::uint16_t Address::port() const {
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
  return ntohs(family() == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const void* host = &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr;
  if (family() == AF_INET6) {
    host = &reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
  }
  ::inet_ntop(family(), host, buffer.data(), buffer.size());
  std::string_view shown{buffer.data()};
  constexpr std::string_view mapped = "::ffff:";
  if (shown.starts_with(mapped) && shown.find('.') != std::string_view::npos) {
    shown.remove_prefix(mapped.size());
  }
  const bool brackets = shown.find(':') != std::string_view::npos;
  std::string result{brackets ? "[" : ""};
  result += shown;
  result += brackets ? "]:" : ":";
  return result + std::to_string(port());
}

void tune_connection(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
}

bool is_cut_off(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return false;
  }
  const unsigned unanswered = info.tcpi_unacked > 0 ? info.tcpi_retransmits : info.tcpi_probes;
  return unanswered >= unanswered_limit && info.tcpi_last_ack_recv >= silence_limit_ms;
}

}  // namespace nmz::agent
