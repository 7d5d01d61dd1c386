// Whole runs in hostile worlds, everything about them drawn from the seed, and their results compared with the truth.
//
// Shared by the tests, which run a few thousand seeds, and by simulation_bench, which runs as many as it is told. What
// is wrong is thrown as RuleBroken, with the dispatcher's own broken rules.
#pragma once

#include <cstdint>

#include "nmz/search/confirmed_plan.hpp"

#include "simulation.hpp"

namespace nmz::simulation {

/// A list of subjects, some of which become pointless on the way.
RunSummary run_list(std::uint64_t seed, const Witness& witness = {});

struct BisectRun {
  RunSummary run;
  search::BisectResult::Kind answer = search::BisectResult::Kind::unfinished;
  search::ConfirmedPlan::Stage stage = search::ConfirmedPlan::Stage::searching;
};

/// A search for the first bad commit of a random history.
BisectRun run_bisect(std::uint64_t seed, const Witness& witness = {});

}  // namespace nmz::simulation
