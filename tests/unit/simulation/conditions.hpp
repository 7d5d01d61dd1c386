// What the simulated world is like: how many workers, how long things take, what goes wrong and how often.
//
// A test lasts one second on average; all other times are to be read against that.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "nmz/dispatch/dispatcher.hpp"

#include "random.hpp"

namespace nmz::simulation {

using dispatch::Time;

/// Probabilities, for each job unless said otherwise.
struct Faults {
  Faults() = default;
  double dies_before = 0;  ///< the worker, when the job arrives
  double dies_during = 0;
  double dies_after = 0;      ///< just after it has sent the result
  double unnoticed = 0;       ///< of each death: nobody is told, the worker is merely silent
  double falls_silent = 0;    ///< for longer than a lease, then says everything it had to say
  double infrastructure = 0;  ///< the job ends in an outcome that is no verdict
  double starts_anew = 0;     ///< the agent, while it has the job, and says that it is ready
  double said_twice = 0;      ///< the result
  double stray = 0;           ///< a result for a job that the worker does not run follows
  double overtaken = 0;       ///< of each message: it takes long, later ones come first
  double start_fails = 0;     ///< of each start of an agent
  double for_good = 0;        ///< of each of these: another start is said to be of no use
  double takes_port = 0;      ///< one that other jobs take as well: whoever meets another ends wrongly
  double unseen = 0;          ///< of these: nobody notices
  double hostile = 0;         ///< of each start of an agent that speaks: see intruder.hpp
  std::optional<Time> all_die_at;
  std::optional<Time> interrupt_at;
  std::optional<Time> suspended_at;  ///< the coordinator, for an hour
};

struct Conditions {
  Conditions() = default;
  std::uint32_t workers = 1;
  /// Agents and sessions speak in frames (session_fleet.hpp) instead of telling the dispatcher what happened. Nothing
  /// is overtaken or said twice on a stream, unless by somebody who has no business there.
  bool speaks = false;
  double spread = 0;                                              ///< sigma of the lognormal duration of a test
  std::chrono::nanoseconds start_delay{0};                        ///< at most
  std::chrono::nanoseconds message_delay{0};                      ///< at most, each way
  std::chrono::nanoseconds cancel_delay{0};                       ///< at most
  std::chrono::nanoseconds heartbeat{0};                          ///< none when 0
  std::uint32_t wishes = 0;                                       ///< of the user's: see user.hpp
  std::chrono::nanoseconds limit = std::chrono::hours{24 * 365};  ///< a run that lasts longer never ends
  dispatch::Options options;
  Faults faults;
};

/// No delay, no fault: what remains is the plan's own doing.
Conditions perfect_world(std::uint32_t workers, double spread);

/// A few workers and a random choice of faults, some of them frequent.
Conditions hostile_world(Random& random);

/// An outcome that says something about the worker, nothing about the subject.
job::Outcome no_verdict(Random& random);

}  // namespace nmz::simulation
