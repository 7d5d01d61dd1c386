// One whole run in virtual time: a dispatcher, a plan and a fleet, from a seed.
//
// There is no thread, clock or process in it, so a run of a thousand hours takes a millisecond, and a seed that breaks
// a rule breaks it every time. NMZ_SIM_SEED in the environment makes the tests run that one seed only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "conditions.hpp"
#include "referee.hpp"
#include "workers.hpp"

namespace nmz::simulation {

struct RunSummary {
  dispatch::Stop::Why why = dispatch::Stop::Why::finished;
  Time stopped_at{0};
  std::uint64_t trace_hash = 0;  ///< of every action and report, with its time
  Tally tally;
  std::size_t refused = 0;  ///< workers ended for what was said on their streams
};

/// Sees each step before it is judged.
using Witness = std::function<void(std::span<const dispatch::Event>, const dispatch::Step&, Time)>;

/// Throws RuleBroken when the dispatcher breaks a rule or the run does not end.
RunSummary simulate(dispatch::Plan& plan, const Truth& truth, const Conditions& conditions, std::uint64_t seed,
                    const Witness& witness = {});

/// The same for subjects that are more than a test.
RunSummary simulate(dispatch::Plan& plan, const Labours& labours, const Conditions& conditions, std::uint64_t seed,
                    const Witness& witness = {});

/// The seeds a test should run: 1..count, or the one of NMZ_SIM_SEED.
std::vector<std::uint64_t> seeds(std::uint64_t count);

/// Fewer under a sanitizer, which makes a run ten times slower.
constexpr std::uint64_t thousands_of_runs(std::uint64_t count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return count / 10;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return count / 10;
#else
  return count;
#endif
#else
  return count;
#endif
}

}  // namespace nmz::simulation
