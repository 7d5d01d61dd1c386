// The terminal, through ncurses: lines of styled text go to it, keys and clicks come from it. The only part that knows
// curses.
//
// It is the program's controlling terminal, whatever the standard streams are: a list may come through standard input,
// and an answer go to a file. Ctrl-C stays a signal, which the run takes as ever. Ctrl-Z is one as well: its handler
// only rings, and the program stops itself once the terminal is whole (stop()); after fg it takes it again. ncurses has
// handlers of its own for both, which are not used: they do their work wherever the signal finds the program.
#pragma once

#include <memory>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/screen/desk.hpp"
#include "nmz/screen/painter.hpp"

namespace nmz::screen {

class Terminal {
 public:
  /// Takes it over. One at a time. Errors (misconfigured): there is none, or it cannot move its cursor; one line.
  [[nodiscard]] static Result<std::unique_ptr<Terminal>> open(bool colour);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  Terminal(Terminal&&) = delete;
  Terminal& operator=(Terminal&&) = delete;
  /// Gives it back.
  ~Terminal();

  /// Readable when there are keys.
  [[nodiscard]] int keyboard() const;
  /// Readable (an eventfd) when the program is to stop(), or has been stopped by others.
  [[nodiscard]] static int bell();

  [[nodiscard]] Size size() const;
  [[nodiscard]] Letters letters() const;
  void draw(const std::vector<Line>& lines);
  /// All that have been pressed; never waits.
  [[nodiscard]] std::vector<Input> read();
  /// Nobody is there any more.
  [[nodiscard]] bool gone() const;

  /// The bell has rung: gives the terminal back and stops, if that was asked for; then takes it anew.
  void heed_bell();
  /// Everything is drawn again.
  void redraw();

 private:
  struct Parts;
  explicit Terminal(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace nmz::screen
