// Simulated runs from a range of seeds, until one breaks a rule.
//
// Each seed is three runs, each in a hostile world of its own: a plain list, a suite and a search for a first bad
// commit. There is nothing to choose but how many: a seed that went well once goes well always, so what is new is in
// the seeds that nobody has run yet. One that breaks a rule is run again with its events printed, and ends the program.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace nmz::bench {

/// `arguments`: --seeds A..B, --minutes N, or both, where the first to be reached ends it. Returns the exit status: 1
/// when a rule was broken. Throws std::invalid_argument for others.
int soak(const std::vector<std::string>& arguments, std::ostream& out);

}  // namespace nmz::bench
