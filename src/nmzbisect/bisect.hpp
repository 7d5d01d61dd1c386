// nmzbisect, as a list of steps.
#pragma once

#include "options.hpp"

namespace nmz::nmzbisect {

/// Does what the options ask for, prints the answer, and returns the exit status.
int bisect(const Options& options);

}  // namespace nmz::nmzbisect
