// The screen of a run (`--ui screen`): what the events say, painted on the terminal, and keys that ask something of the
// run.
//
// All of it is on the program's one thread. While the run's event loop turns, keys are read there (listen()); where
// there is none, whoever waits lets the screen do so (attend()). It is painted at most ten times a second, and at once
// after a key.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/screen/desk.hpp"

namespace nmz::screen {

/// What somebody at the screen may ask for; empty: not now.
struct Controls {
  Controls() = default;
  std::function<void(job::JobId)> cancel;
  /// Returns why it cannot be; empty: it is skipped.
  std::function<std::string(const std::string& commit)> skip;
  /// What did not pass. Returns why it cannot be; empty: it is asked for.
  std::function<std::string(const std::string& workload)> run_again;
  std::function<void(int by)> change_workers;
  std::function<void(bool on)> pause;
  std::function<void()> end;
};

class Screen final : public events::Consumer {
 public:
  /// Takes the terminal. Errors (misconfigured): why it cannot; one line.
  [[nodiscard]] static Result<std::unique_ptr<Screen>> open(events::Kind kind, bool colour);
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  Screen(Screen&&) = delete;
  Screen& operator=(Screen&&) = delete;
  /// Gives the terminal back.
  ~Screen() override;

  void show(const events::Event& event, events::Seconds now) override;

  /// Where browsers find the run.
  void tell_address(const std::string& address);
  /// A stored run: + and - change its speed, q leaves it.
  void set_replay();
  void set_controls(Controls controls);
  /// Keys are read on this loop until mute(), which it needs before it can end.
  void listen(boost::asio::io_context& io);
  void mute();
  /// Waits so long, for keys as well. False: somebody has left the screen, or is not there any more.
  [[nodiscard]] bool attend(std::chrono::milliseconds wait);
  /// Somebody has left it, and the terminal is back.
  [[nodiscard]] bool left() const;

 private:
  struct Parts;
  explicit Screen(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nmz::screen
