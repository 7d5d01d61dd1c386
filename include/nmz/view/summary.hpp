// The lines that sum a run up, as texts; what is chosen of them is the view's.
#pragma once

#include <string>
#include <vector>

#include "nmz/events/event.hpp"

namespace nmz::view {

/// "1 worker", "2 workers".
[[nodiscard]] std::string plural(std::size_t count, const std::string& noun);
/// "about 3 rounds of tests", of what is expected; "nothing left to test".
[[nodiscard]] std::string rounds_of_tests(double rounds);

/// "8 of 10 passed, 1 failed, 1 flaky in 3.00 s with 2 workers".
[[nodiscard]] std::string counts_text(const events::RunEnded& event, const events::SuiteResult& result);
/// "5 tests (3 good, 2 bad, 0 skipped) in 3.00 s with 2 workers".
[[nodiscard]] std::string counts_text(const events::RunEnded& event, const events::SearchResult& result);
/// How near to the shortest schedule it was.
[[nodiscard]] std::string bound_text(const events::RunEnded& event, const events::SuiteResult& result);
/// Where the time went; what rounds to nothing is left out.
[[nodiscard]] std::string split_text(const events::TimeSplit& split);

/// What a hunt for flaky workloads found: those that failed, with their groups; then the others, each with a line if
/// `every`, else all in one.
[[nodiscard]] std::vector<std::string> hunt_lines(const std::vector<events::HuntedWorkload>& hunted, bool every);

/// Why tests have failed: for each a line, and one for each setting.
[[nodiscard]] std::vector<std::string> kind_lines(const std::vector<events::ClassifiedTest>& classified);

}  // namespace nmz::view
