// Numeric addresses, and the connections between workers and the relay.
//
// A peer whose host or network is gone says nothing; both sides have to notice that within seconds. Keepalive probes do
// it while nothing is under way. While something is, the usual means is TCP_USER_TIMEOUT, but since Linux 5.11 it also
// ends connections to a peer that is well and only does not read, which a worker may do for long (it removes a large
// tree), and a relay whose coordinator is suspended. So the kernel's counters are looked at instead: is_cut_off().
//
// No getaddrinfo(), which a static program cannot have, and no names, which an overlay network may not resolve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/socket.h>

namespace nmz::agent {

class Address {
 public:
  /// "10.0.1.7" or "fd00::7".
  [[nodiscard]] static std::optional<Address> of(const std::string& host, std::uint16_t port);
  /// "10.0.1.7:4000" or "[fd00::7]:4000".
  [[nodiscard]] static std::optional<Address> parse(const std::string& text);
  [[nodiscard]] static std::optional<Address> of_socket(int fd);
  [[nodiscard]] static std::optional<Address> of_peer(int fd);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const sockaddr* raw() const;
  [[nodiscard]] socklen_t size() const { return size_; }
  /// As parse() reads it; an IPv4 address that came to an IPv6 socket is shown as IPv4.
  [[nodiscard]] std::string text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// Small messages leave at once, and a silent peer is asked whether it is there.
void tune_connection(int fd);

/// Whether what was sent has been unanswered for some 10 seconds. False for anything but a TCP connection.
[[nodiscard]] bool is_cut_off(int fd);

}  // namespace nmz::agent
