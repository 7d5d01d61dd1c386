#include "nmz/screen/screen.hpp"

#include <cerrno>
#include <optional>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <poll.h>

#include "nmz/files/tail.hpp"
#include "nmz/screen/model.hpp"
#include "nmz/screen/painter.hpp"

#include "terminal.hpp"

namespace nmz::screen {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Ear = asio::posix::stream_descriptor;

constexpr std::chrono::milliseconds frame{100};

std::string end_of(const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 20;
  return files::tail_of_file(path, most);
}

}  // namespace

struct Screen::Parts {
  Parts(events::Kind kind, std::unique_ptr<Terminal> terminal_in)
      : model{kind}, desk{end_of, {}}, terminal{std::move(terminal_in)} {}

  void paint() {
    if (!terminal) return;
    terminal->draw(screen::paint(model, desk, terminal->size(), terminal->letters()));
    painted = Clock::now();
  }

  void paint_in_time() {
    if (Clock::now() - painted >= frame) paint();
  }

  void keys() {
    if (!terminal) return;
    for (const Input& input : terminal->read()) {
      for (const Wish& wish : desk.press(input, model)) {
        std::visit([this](const auto& what) { obey(what); }, wish);
      }
      if (!terminal) return;
    }
    if (terminal->gone()) {
      terminal.reset();
    } else {
      paint();
    }
  }

  void bell() {
    if (!terminal) return;
    terminal->heed_bell();
    paint();
  }

  void obey(const CancelJob& wish) const {
    if (controls.cancel) controls.cancel(wish.job);
  }
  void obey(const SkipCommit& wish) {
    if (!controls.skip) return;
    if (std::string why = controls.skip(wish.item); !why.empty()) desk.say(std::move(why));
  }
  void obey(const RunAgain& wish) {
    if (!controls.run_again) return;
    if (std::string why = controls.run_again(wish.workload); !why.empty()) desk.say(std::move(why));
  }
  void obey(const ChangeWorkers& wish) const {
    if (controls.change_workers) controls.change_workers(wish.by);
  }
  void obey(const Pause& wish) const {
    if (controls.pause) controls.pause(wish.on);
  }
  void obey(const EndRun& /*wish*/) const {
    if (controls.end) controls.end();
  }
  void obey(const Detach& /*wish*/) { terminal.reset(); }
  void obey(const Leave& /*wish*/) { terminal.reset(); }

  void hear(Ear& ear, void (Parts::*what)()) {
    ear.async_wait(Ear::wait_read, [this, &ear, what](const boost::system::error_code& code) {
      if (code || !terminal || !listening) return;
      (this->*what)();
      if (terminal) hear(ear, what);
    });
  }

  Model model;
  Desk desk;
  std::unique_ptr<Terminal> terminal;  ///< null: it has been given back
  Controls controls;
  std::optional<Ear> keyboard;
  std::optional<Ear> bell_ear;
  bool replay = false;
  bool listening = false;
  Clock::time_point painted;
};

Screen::Screen(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Screen::~Screen() = default;

Result<std::unique_ptr<Screen>> Screen::open(events::Kind kind, bool colour) {
  return Terminal::open(colour).map([kind](std::unique_ptr<Terminal>&& terminal) {
    auto parts = std::make_unique<Parts>(kind, std::move(terminal));
    parts->paint();
    return std::unique_ptr<Screen>{new Screen{std::move(parts)}};
  });
}

void Screen::show(const events::Event& event, events::Seconds now) {
  parts_->model.show(event, now);
  if (std::holds_alternative<events::RunEnded>(event)) {
    parts_->paint();
  } else {
    parts_->paint_in_time();
  }
}

void Screen::tell_address(const std::string& address) {
  parts_->desk.set_address(address);
  parts_->paint();
}

void Screen::set_replay() { parts_->replay = true; }

void Screen::set_controls(Controls controls) {
  Abilities can;
  can.cancel = static_cast<bool>(controls.cancel);
  can.skip = static_cast<bool>(controls.skip);
  can.again = static_cast<bool>(controls.run_again);
  can.workers = static_cast<bool>(controls.change_workers);
  can.pause = static_cast<bool>(controls.pause);
  can.replay = parts_->replay;
  parts_->desk.set_abilities(can);
  parts_->controls = std::move(controls);
}

void Screen::listen(asio::io_context& io) {
  if (!parts_->terminal) return;
  const auto own = [](int descriptor) { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); };
  parts_->listening = true;
  parts_->hear(parts_->keyboard.emplace(io, own(parts_->terminal->keyboard())), &Parts::keys);
  parts_->hear(parts_->bell_ear.emplace(io, own(Terminal::bell())), &Parts::bell);
}

/// What has been heard already, and not been told, comes to nothing: it finds that nobody listens.
void Screen::mute() {
  parts_->listening = false;
  if (parts_->keyboard) parts_->keyboard->close();
  if (parts_->bell_ear) parts_->bell_ear->close();
}

bool Screen::attend(std::chrono::milliseconds wait) {
  Parts& parts = *parts_;
  const auto until = Clock::now() + wait;
  while (parts.terminal) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    pollfd ready[] = {{parts.terminal->keyboard(), POLLIN, 0}, {Terminal::bell(), POLLIN, 0}};  // NOLINT
    const int count = ::poll(ready, 2, static_cast<int>(std::max<long>(rest.count(), 0)));
    if (count > 0 && ready[1].revents != 0) parts.bell();
    if (count > 0 && ready[0].revents != 0) parts.keys();
    if (count == 0) break;
  }
  if (parts.terminal) parts.paint_in_time();
  return parts.terminal != nullptr;
}

bool Screen::left() const { return parts_->terminal == nullptr; }

}  // namespace nmz::screen
