#include "nmz/run/display.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <variant>

#include <unistd.h>

#include "nmz/interruption/interruption.hpp"
#include "nmz/output/standard_streams.hpp"

namespace nmz::run {

view::TextStyle text_style(std::FILE* stream, const Settings& settings) {
  view::TextStyle style = view::TextStyle::for_stream(stream, settings.verbosity, settings.colour);
  style.live = style.live && settings.ui != Ui::plain && settings.ui != Ui::screen;
  style.explain = settings.explain;
  style.status_level = settings.status_level;
  style.output = settings.show_output;
  return style;
}

std::unique_ptr<screen::Screen> open_screen(const Program& program, events::Kind kind, Ui ui, view::Colour colour) {
  if (ui != Ui::screen) return nullptr;
  const char* const refused = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  const bool coloured =
      colour == view::Colour::always || (colour == view::Colour::automatic && (refused == nullptr || *refused == '\0'));
  auto opened = screen::Screen::open(kind, coloured);
  if (opened) return std::move(*opened);
  output::complain(program.name, "there is no screen (" + opened.error().message + "): plain lines in its place");
  return nullptr;
}

Display::Display(const Program& program, const Settings& settings, std::FILE* stream)
    : screen_{open_screen(program, program.kind, settings.ui, settings.colour)},
      text_{stream, program.kind, text_style(stream, settings)},
      hidden_{screen_ != nullptr} {
  if (hidden_) text_.hide();
}

void Display::show(const events::Event& event, events::Seconds now) {
  if (screen_) screen_->show(event, now);
  if (const auto* const end = std::get_if<events::RunEnded>(&event); end != nullptr && screen_) {
    const unsigned signals = interruption::signals_seen();
    constexpr std::chrono::milliseconds glance{200};
    const bool over = end->result == "interrupted";
    if (!over && prepare_ && !screen_->left()) prepare_();
    while (!over && interruption::signals_seen() == signals && screen_->attend(glance)) {
    }
    screen_->mute();
    screen_.reset();
    text_.show_again();
  } else if (screen_ && hidden_ && screen_->left()) {
    hidden_ = false;
    text_.show_again();
    text_.tell_progress();
  }
  text_.show(event, now);
}

void Display::tell_address(const std::string& address) {
  if (screen_) screen_->tell_address(address);
}

screen::Controls Display::controls(coordinator::Coordinator& run) const {
  screen::Controls controls;
  controls.cancel = [&run](job::JobId job) { run.cancel(job); };
  controls.change_workers = [&run](int by) { run.change_workers(by); };
  controls.pause = [&run](bool on) { run.pause(on); };
  controls.end = [] { static_cast<void>(::kill(::getpid(), SIGINT)); };  // as Ctrl-C does, with all that follows
  if (workload_) {
    controls.run_again = [&run, workload = workload_](const std::string& name) -> std::string {
      const std::optional<std::uint32_t> found = workload(name);
      if (!found) return "this one cannot be run again";
      run.run_again(*found);
      return {};
    };
  }
  if (!subject_) return controls;
  controls.skip = [&run, subject = subject_](const std::string& commit) -> std::string {
    const std::optional<dispatch::Subject> found = subject(commit);
    if (!found) return "this one cannot be skipped now";
    run.skip(*found);
    return {};
  };
  return controls;
}

void Display::attend(boost::asio::io_context& io, coordinator::Coordinator* run) {
  if (!screen_) return;
  if (run == nullptr) {
    screen_->mute();
    screen_->set_controls({});
  } else {
    screen_->set_controls(controls(*run));
    screen_->listen(io);
  }
}

}  // namespace nmz::run
