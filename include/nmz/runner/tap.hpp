// The Test Anything Protocol (versions 12 to 14), as far as verdicts are concerned.
//
//     ok 1 - name # SKIP why        not ok 2 - name # TODO why
//
// Subtests are indented and sum up to a test of the outer level, which alone is read. What follows a test (comments,
// YAML) is its output. "Bail out!" ends the report.
#pragma once

#include <string_view>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

/// A test without a name has its number for one. Of several with one name a failure counts.
[[nodiscard]] Report read_tap(std::string_view text);

}  // namespace nmz::runner
