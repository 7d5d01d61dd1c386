// The reports for other programs that a run leaves at its end: JUnit, Chrome trace, annotations for GitHub.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "nmz/report/executions.hpp"

namespace nmz::nmzswarm {

struct ReportOptions {
  ReportOptions() = default;
  std::string junit;  ///< a file; empty = none
  std::string trace;
  bool github = false;  ///< annotations, for a step of GitHub Actions
};

/// Before the run: whether they can be written. Throws StepFailed.
void check_reports(const ReportOptions& options);

/// Reads the ends of the failures' logs where a report needs them, and writes the files. Returns what cannot be
/// written, one line each.
[[nodiscard]] std::vector<std::string> write_reports(const ReportOptions& options, const std::string& title,
                                                     report::Executions& executions,
                                                     std::chrono::system_clock::time_point started);

/// Of executions whose logs write_reports() has read.
void print_annotations(const report::Executions& executions, std::FILE* out);

}  // namespace nmz::nmzswarm
