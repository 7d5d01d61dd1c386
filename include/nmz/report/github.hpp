// Failures as workflow commands of GitHub Actions, which become annotations of the run.
//
// GitHub shows ten annotations of a kind for each step and drops the others without a word, so there are never more
// than ten lines: the worst first, and where they do not suffice, the last one says how many are missing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nmz/report/result.hpp"

namespace nmz::report {

constexpr std::size_t github_annotations_shown = 10;

/// Lines to print to standard output, without newlines. Failed workloads, then those that timed out, then the lost
/// ones, then (as warnings) the flaky ones; each kind in the order of the list.
[[nodiscard]] std::vector<std::string> github_annotations(std::span<const Execution> executions,
                                                          std::size_t most = github_annotations_shown);

}  // namespace nmz::report
