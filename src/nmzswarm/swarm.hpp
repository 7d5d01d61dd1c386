// nmzswarm, as a list of steps.
#pragma once

#include <string>

#include "options.hpp"

namespace nmz::nmzswarm {

enum ExitStatus : int {
  exit_passed = 0,
  exit_failed = 1,
  exit_nothing = 2,
  exit_infrastructure = 3,
  exit_usage = 128,
  exit_interrupted = 130,
};

/// One line on standard error, or nothing where that is closed.
void complain(const std::string& message);

/// Does what the options ask for, prints the results, and returns the exit status.
int swarm(const Options& options);

}  // namespace nmz::nmzswarm
