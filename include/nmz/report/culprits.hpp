// What came of a search for what broke many tests, as reports for other programs: JUnit and annotations.
//
// In JUnit a test that has a culprit, or is old, is a failure whose message says so; a flaky one is a passed testcase
// with a <flakyFailure>, and what cannot be told is <skipped>. GitHub shows ten annotations of a step, and so there is
// one a culprit, not one a test.
#pragma once

#include <string>
#include <vector>

#include "nmz/events/event.hpp"
#include "nmz/report/github.hpp"
#include "nmz/report/result.hpp"

namespace nmz::report {

/// For write_junit().
[[nodiscard]] std::vector<Execution> results_of_search(const events::SearchResult& result);

/// Lines to print, without newlines: those with most tests first.
[[nodiscard]] std::vector<std::string> culprit_annotations(const events::SearchResult& result,
                                                           std::size_t most = github_annotations_shown);

}  // namespace nmz::report
