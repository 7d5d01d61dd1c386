// The user's SIGINT, SIGTERM and SIGHUP: the first asks for an end, the second gets one within a second. And SIGUSR1
// and SIGUSR2, which ask for one worker more and one fewer, as those of GNU parallel and xargs do.
//
// What a program does when it is asked to end may hang: a read from a file system whose server is gone, a library that
// spins over damaged data, a pipe that nobody empties, a lock of somebody else's. The event loop does not hear a signal
// then, or cannot act on it. So a thread of its own takes the signals (all others block them): it counts them, rings
// for the event loop, and at the second one gives the program a second to end politely, then ends it. It takes no lock
// and allocates nothing, so that nothing the program does can stop it. (An ordinary handler would have to run on a
// thread that the kernel chose, which may be the one that hangs.)
//
// What such an end leaves behind is like what SIGKILL leaves: agents end when their streams do, and the next run
// removes the rest.
#pragma once

#include <cstdint>

namespace nmz::interruption {

/// From now on signals are taken, until the program ends. To be called before the program has other threads. Under
/// nohup SIGHUP stays ignored.
void take_signals();

/// How many have come since. Several within some milliseconds are one: timeout(1) sends each twice, to its child and to
/// its group.
[[nodiscard]] unsigned signals_seen();

/// An eventfd (non-blocking) with those that have come since it was read last; -1 while signals are not taken.
[[nodiscard]] int descriptor();

/// The same for SIGUSR1, each of which adds 1 to it, and SIGUSR2, each of which adds fewer_workers.
[[nodiscard]] int workers_descriptor();
inline constexpr std::uint64_t fewer_workers = std::uint64_t{1} << 32U;

}  // namespace nmz::interruption
