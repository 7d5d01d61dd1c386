#include "wire_tap.hpp"

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nmz::cluster_tests {
namespace {

constexpr std::size_t largest_segment = std::size_t{1} << 17;  // with offloading beyond what a network carries
constexpr std::size_t longest = std::size_t{1} << 26;          // of all together

std::size_t at(std::string_view packet, std::size_t place) { return static_cast<unsigned char>(packet[place]); }
std::size_t two_at(std::string_view packet, std::size_t place) {
  return at(packet, place) << 8U | at(packet, place + 1);
}

/// Of TCP over IPv4 to or from the port; empty for all else.
std::string_view payload(std::string_view packet, std::uint16_t port) {
  constexpr std::size_t smallest_header = 20;
  if (packet.size() < 2 * smallest_header || at(packet, 0) >> 4U != 4 || at(packet, 9) != IPPROTO_TCP) return {};
  const std::string_view tcp = packet.substr((at(packet, 0) & 15U) * 4, std::string_view::npos);
  if (tcp.size() < smallest_header || (two_at(tcp, 0) != port && two_at(tcp, 2) != port)) return {};
  const std::size_t header = (at(tcp, 12) >> 4U) * 4;
  return header < tcp.size() ? tcp.substr(header) : std::string_view{};
}

}  // namespace

WireTap::WireTap(std::uint16_t port)
    : fd_{::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL))}, port_{port} {
  if (fd_ < 0) throw std::system_error{errno, std::generic_category(), "a packet socket"};
  const int room = 1 << 25;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
  thread_ = std::thread{[this] { listen(); }};
}

WireTap::~WireTap() {
  over_ = true;
  thread_.join();
  ::close(fd_);
}

void WireTap::listen() {
  std::string packet(largest_segment, '\0');
  std::size_t total = 0;
  while (!over_) {
    constexpr int look_every_ms = 50;
    pollfd event{fd_, POLLIN, 0};
    if (::poll(&event, 1, look_every_ms) <= 0) continue;
    const ssize_t size = ::recv(fd_, packet.data(), packet.size(), 0);
    if (size <= 0) continue;
    const std::string_view said = payload({packet.data(), static_cast<std::size_t>(size)}, port_);
    total += said.size();
    if (said.empty() || total > longest) continue;
    const std::scoped_lock lock{mutex_};
    segments_.emplace_back(said);
  }
}

std::vector<std::string> WireTap::segments() const {
  const std::scoped_lock lock{mutex_};
  return segments_;
}

}  // namespace nmz::cluster_tests
