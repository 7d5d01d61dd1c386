// What a person sees of a run while it goes on: text, or a screen that can be left for text; and what they ask of it.
//
// Where no screen can be had (no terminal, a dumb one) the run is told in lines, and says why: what is configured for
// terminals must not end a run in CI.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/dispatch/plan.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/run/program.hpp"
#include "nmz/run/settings.hpp"
#include "nmz/screen/screen.hpp"
#include "nmz/view/text.hpp"

namespace nmz::run {

class Display final : public events::Consumer {
 public:
  /// `stream`: where text goes.
  Display(const Program& program, const Settings& settings, std::FILE* stream);

  /// The end of a run stays on the screen until somebody has seen it, unless somebody has ended the run.
  void show(const events::Event& event, events::Seconds now) override;

  /// Where browsers find the run: a screen would hide what was printed.
  void tell_address(const std::string& address);

  /// Called before that wait, which may last a night: what else shows the run's end is to be complete then.
  void before_waiting(std::function<void()> prepare) { prepare_ = std::move(prepare); }

  /// Keys are for this run, whose loop it is; null: its end, at which the loop has nothing more from here.
  void attend(boost::asio::io_context& io, coordinator::Coordinator* run);
  /// By a commit's name, what can be skipped of the runs that follow. Empty: nothing.
  void can_skip(std::function<std::optional<dispatch::Subject>(const std::string& commit)> subject) {
    subject_ = std::move(subject);
  }

  /// By a workload's name, what can be run again (dispatch::Plan::run_again()). Empty: nothing.
  void can_run_again(std::function<std::optional<std::uint32_t>(const std::string& workload)> workload) {
    workload_ = std::move(workload);
  }

 private:
  [[nodiscard]] screen::Controls controls(coordinator::Coordinator& run) const;

  std::unique_ptr<screen::Screen> screen_;  ///< null: there is none, or the run has ended
  view::Text text_;
  bool hidden_ = false;  ///< the text
  std::function<void()> prepare_;
  std::function<std::optional<dispatch::Subject>(const std::string&)> subject_;
  std::function<std::optional<std::uint32_t>(const std::string&)> workload_;
};

/// As the settings and the stream have it.
[[nodiscard]] view::TextStyle text_style(std::FILE* stream, const Settings& settings);

/// Null where the settings ask for none, or where none can be had, which is told.
[[nodiscard]] std::unique_ptr<screen::Screen> open_screen(const Program& program, events::Kind kind, Ui ui,
                                                          view::Colour colour);

}  // namespace nmz::run
