// A server for one browser page on this machine (`--serve`): a few answers, and streams of server-sent events (the HTML
// standard, section 9.2) that go on as long as the program.
//
// Who may ask: whoever knows the address. It listens on 127.0.0.1 alone, which other users of the machine reach as
// well, so each path begins with 128 bits from the kernel; what does not is told that there is no such thing, whether
// it exists or not. A page of elsewhere that had its own name resolved to 127.0.0.1 (DNS rebinding) would still have to
// know them; it is refused by its Host header all the same.
//
// It has a thread of its own, because the program's loop turns only while its run does. Nothing that a client does
// holds the program up: heads are short and have a deadline, and who does not read its stream loses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::http {

class LoopbackServer {
 public:
  struct Reply {
    Reply() = default;
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    bool stream = false;         ///< `body` is its beginning; publish() goes on with it
    std::function<void()> gone;  ///< called when a stream has ended, on the server's thread
  };
  /// `path`: what is behind the secret and its slash, "" or "log?7". Called on the server's thread.
  using Answer = std::function<Reply(const std::string& path)>;

  /// `port`: 0 = one that is free. Errors (misconfigured): it is in use, or not for this user; one line.
  [[nodiscard]] static Result<std::unique_ptr<LoopbackServer>> open(std::uint16_t port, Answer answer);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  LoopbackServer(LoopbackServer&&) = delete;
  LoopbackServer& operator=(LoopbackServer&&) = delete;
  /// Answers that are on their way get there, within a second or so; streams are ended.
  ~LoopbackServer();

  /// "http://127.0.0.1:8080/SECRET/"
  [[nodiscard]] std::string address() const;
  /// To every stream, whole. From any thread.
  void publish(std::string bytes);

 private:
  struct Parts;
  explicit LoopbackServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// An event of a stream; `data` may have several lines.
[[nodiscard]] std::string server_sent_event(std::string_view name, std::string_view data);

}  // namespace nmz::http
