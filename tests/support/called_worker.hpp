// A worker of Namazu Swarm v0 as a test wants it: it listens on a port of the loopback, reads a request until the
// caller's end, and does what it is told with the connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace nmz::support {

class CalledWorker {
 public:
  /// In its own thread; the connection is closed afterwards.
  using Answer = std::function<void(int fd, const std::string& request)>;

  explicit CalledWorker(Answer answer);
  CalledWorker(const CalledWorker&) = delete;
  CalledWorker& operator=(const CalledWorker&) = delete;
  ~CalledWorker();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// "127.0.0.1:PORT".
  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  /// All that came so far.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void serve();

  Answer answer_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> caller_ = -1;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// All of it, unless the caller goes.
void send_all(int fd, std::string_view bytes);
/// Until the caller goes.
void wait_for_end(int fd);
/// What the request calls its chunk.
[[nodiscard]] std::string chunk_of(const std::string& request);
/// {"chunk_id":ID,"successful":true,"raw_log":"LOG"}; `log` needs no escapes.
[[nodiscard]] std::string result_of(const std::string& request, bool successful, const std::string& log);

}  // namespace nmz::support
