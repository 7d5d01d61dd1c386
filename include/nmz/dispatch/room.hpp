// How many workers a machine has room for, where its user has not said how many.
//
// One for each CPU is right for tests that compute. Tests that wait, for a server, a network or a sleep, leave the CPUs
// idle meanwhile, and more of them at once cost nothing. Nobody knows which kind it is before the first ones have
// ended; then their CPU time says it. (On a machine that others use as well a test may only seem to wait: unless it
// used next to nothing, the machine has to have been idle.) Short tests are left as they are: a worker more has to lay
// out a tree of its own first.
//
// Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace nmz::dispatch {

class Room {
 public:
  using Time = std::chrono::nanoseconds;

  /// `most`: workers that there may ever be. There is one for each of `cpus` to begin with.
  Room(std::uint32_t cpus, std::uint32_t most) : cpus_{cpus}, workers_{cpus}, most_{most} {}

  struct Job {
    Time test{0};     ///< that its test took
    Time cpu{0};      ///< of that, on CPUs; more where it has many threads
    Time in_hand{0};  ///< that its worker had it: with its tree and its build
  };

  /// After each job. `idle`: the share of its CPUs' time that the machine has not used since the first one. Returns how
  /// many workers more there should be from now on.
  std::uint32_t after(const Job& job, double idle);

 private:
  std::uint32_t cpus_;
  std::uint32_t workers_;
  std::uint32_t most_;
  std::uint32_t jobs_ = 0;
  Job all_;
};

}  // namespace nmz::dispatch
