// A Docker Engine that answers what a run asks before it has workers, and where one transfer takes for ever: an image
// is pulled, built or pushed and never comes to its end.
//
// On a unix socket, with HTTP/1.1 as an Engine speaks it. For what needs a stalled transfer; everything else is tried
// with a real Engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace nmz::support {

class EngineStub {
 public:
  enum class Stalls : std::uint8_t { pull, build, push };
  EngineStub(std::filesystem::path socket, Stalls stalls);
  EngineStub(const EngineStub&) = delete;
  EngineStub& operator=(const EngineStub&) = delete;
  EngineStub(EngineStub&&) = delete;
  EngineStub& operator=(EngineStub&&) = delete;
  ~EngineStub();

  [[nodiscard]] std::string host() const { return "unix://" + socket_.string(); }
  /// Exists from when on the transfer waits.
  [[nodiscard]] std::filesystem::path stalled() const { return socket_.string() + ".stalled"; }

 private:
  void accept_all();
  void serve(int connection);
  void answer(int connection, const std::string& head);

  std::filesystem::path socket_;
  Stalls stalls_;
  int listener_ = -1;
  std::atomic<bool> ended_{false};
  std::thread thread_;
  std::vector<std::thread> connections_;
};

}  // namespace nmz::support
