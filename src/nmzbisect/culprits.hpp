// The search for what broke many tests (--runner): from a range and a suite to its culprits.
#pragma once

#include "nmz/run/conduct.hpp"
#include "nmz/site/site.hpp"

#include "prepared_search.hpp"

namespace nmz::nmzbisect {

/// Returns the exit status. Of `search` everything is used but its plan, which is one test's.
int find_culprits(Search& search, run::Loop& loop, site::Site& site);

}  // namespace nmz::nmzbisect
