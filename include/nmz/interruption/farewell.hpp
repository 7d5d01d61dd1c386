// What a terminal is owed before the program goes, however it goes: a screen has taken it over, and whoever sits there
// gets it back as it was.
//
// A program that ends in order gives it back by itself. This is for ends that ask nobody: the second signal (see
// interruption.hpp), a signal's default, a bug. So what is to be written is prepared beforehand, and handing it out
// takes no lock and no memory. SIGKILL alone leaves a terminal as it is; `reset` is for that.
#pragma once

#include <array>
#include <cstddef>

#include <termios.h>

namespace nmz::interruption {

struct Farewell {
  int terminal = -1;
  termios modes{};                ///< as they were before
  std::array<char, 512> bytes{};  ///< what gives the screen, the cursor and the mouse back
  std::size_t size = 0;           ///< of them
};

/// Null: nothing is owed any more. It outlives this. The first time, the signals that end a program by default hand it
/// out as well, before they do what they would have done.
void owe(const Farewell* farewell);

/// Hands it out, once. May be called from a signal handler and from any thread.
void bid_farewell() noexcept;

}  // namespace nmz::interruption
