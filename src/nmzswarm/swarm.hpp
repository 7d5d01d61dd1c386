// nmzswarm, as a list of steps.
#pragma once

#include "nmz/run/program.hpp"

#include "options.hpp"

namespace nmz::nmzswarm {

enum ExitStatus : int {
  exit_passed = run::exit_success,
  exit_failed = 1,
  exit_nothing = 2,
  exit_infrastructure = 3,
  exit_interrupted = run::exit_interrupted,
};

inline constexpr run::Program program{"nmzswarm", events::Kind::suite, exit_infrastructure};

/// Does what the options ask for, prints the results, and returns the exit status. Throws StepFailed.
int swarm(const Options& options);

}  // namespace nmz::nmzswarm
