// Why each commit of a range is taken for good or bad (--explain): it was tested, it is known from an earlier test, it
// was given, or the verdict of another commit implies it.
//
// What is implied is asked of the verdicts, not of the search: an ancestor of a good commit is good, a descendant of a
// bad one is bad, and where neither is so, the answer says it. Beside that: what made it more or less suspect before
// anything was tested (priors.hpp).
#pragma once

#include "nmz/events/event.hpp"

#include "prepared_search.hpp"
#include "reporter.hpp"

namespace nmz::nmzbisect {

/// After the search, the newest commit first.
[[nodiscard]] events::Explained explain(const Search& search, const Reporter& reporter);

}  // namespace nmz::nmzbisect
