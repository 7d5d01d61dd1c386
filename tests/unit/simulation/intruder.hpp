// Who gets hold of an agent's stream and writes into it: a test that found the descriptor, a connection of its own.
//
// It sees which job runs and what the agent said, and says anything that needs no nonce, or one it guesses. What it
// says is either forbidden whatever the session waits for, or perhaps allowed at that moment, or the beginning of a
// frame that never ends: then nothing is heard of the worker any more.
#pragma once

#include <cstdint>
#include <string>

#include "nmz/wire/messages.hpp"

#include "random.hpp"

namespace nmz::simulation {

struct Intrusion {
  enum class Kind : std::uint8_t {
    forbidden,  ///< the worker is ended at once
    perhaps,    ///< what follows it, or it, may be what ends the worker
    swallows,   ///< what comes behind it is not heard
    garbles,    ///< what comes behind it is heard as something else, if at all
    harmless,   ///< life, or another piece of its log
  };
  std::string bytes;
  Kind kind = Kind::perhaps;
};

/// What an intruder knows.
struct Overheard {
  job::JobId job{};             ///< that runs, 0 = none
  std::uint32_t attempt = 1;    ///< of it
  std::uint64_t log_limit = 0;  ///< of it, 0 = none
  wire::Nonce old_nonce;        ///< of a job that is over
  std::string last_end;         ///< the frame of the last Finished
};

Intrusion intrude(const Overheard& overheard, Random& random);

}  // namespace nmz::simulation
