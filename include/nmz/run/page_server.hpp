// A run as a page that a browser of this machine follows while it goes on (`--serve`).
//
// The page (view/page.hpp) comes without data, listens to a stream of server-sent events, and gets all that has
// happened and then what is new, some times a second. It asks for a log when one is looked at. At the end of the run it
// is told so, and fetches the report, which is complete: it stays when the program, and its server with it, has ended.
// The program does not stay for it longer than some seconds: who runs it from a script waits for its exit status.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/http/loopback_server.hpp"
#include "nmz/run/program.hpp"
#include "nmz/view/page.hpp"

namespace nmz::run {

class PageServer final : public events::Consumer {
 public:
  /// Tells the address on standard error. Errors (misconfigured): as http::LoopbackServer::open().
  [[nodiscard]] static Result<std::unique_ptr<PageServer>> open(std::uint16_t port, const Program& program);

  [[nodiscard]] std::string address() const { return server_->address(); }

  void show(const events::Event& event, events::Seconds now) override;
  /// The last call: waits a moment for pages that are open to have the report.
  void close();

 private:
  explicit PageServer(const Program& program);
  [[nodiscard]] http::LoopbackServer::Reply answer(const std::string& path);

  std::mutex mutex_;  ///< of all below but the server: it answers on its own thread
  std::condition_variable left_;
  view::Page page_;
  bool watched_ = false;  ///< somebody has the stream, or had it
  bool ended_ = false;
  std::size_t watchers_ = 0;  ///< pages that listen; they leave when they have the report
  std::chrono::steady_clock::time_point next_{};
  std::unique_ptr<http::LoopbackServer> server_;
};

}  // namespace nmz::run
