// What goes over all network interfaces of this network namespace, to and from one port.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace nmz::cluster_tests {

class WireTap {
 public:
  /// Needs root.
  explicit WireTap(std::uint16_t port);
  WireTap(const WireTap&) = delete;
  WireTap& operator=(const WireTap&) = delete;
  ~WireTap();

  /// The payload of each segment until now.
  [[nodiscard]] std::vector<std::string> segments() const;

 private:
  void listen();

  int fd_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::vector<std::string> segments_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace nmz::cluster_tests
