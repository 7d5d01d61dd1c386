// The journal that our plug-ins for runners write: JSON, a line a test's beginning or end.
//
//     {"start": "tests/test_a.py::test_x"}
//     {"id": "tests/test_a.py::test_x", "verdict": "passed", "took": 0.02, "detail": "", "output": ""}
//
// Verdicts are the words of to_string() with '-' for ' '. A line that is cut off, or is none of these, tells nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

[[nodiscard]] Report read_journal(std::string_view text);
/// Of all files.
[[nodiscard]] Report read_journals(std::span<const File> files);

}  // namespace nmz::runner
