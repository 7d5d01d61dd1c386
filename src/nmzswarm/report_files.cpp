#include "report_files.hpp"

#include <fmt/format.h>

#include "nmz/error/steps.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/report/github.hpp"
#include "nmz/report/junit.hpp"
#include "nmz/report/trace.hpp"

namespace nmz::nmzswarm {

void check_reports(const ReportOptions& options) {
  need(output::check_output(options.junit));
  need(output::check_output(options.trace));
}

std::vector<std::string> write_reports(const ReportOptions& options, const std::string& title,
                                       report::Executions& executions, std::chrono::system_clock::time_point started) {
  std::vector<std::string> troubles;
  const auto note = [&troubles](const char* what, const Result<void>& written) {
    if (!written) troubles.push_back(fmt::format("the {} report is missing: {}", what, written.error().message));
  };
  if (!options.junit.empty() || options.github) executions.read_log_tails();
  if (!options.junit.empty()) note("JUnit", report::write_junit(options.junit, title, executions.all(), started));
  if (!options.trace.empty()) note("trace", report::write_trace(options.trace, executions.all()));
  return troubles;
}

void print_annotations(const report::Executions& executions, std::FILE* out) {
  for (const std::string& line : report::github_annotations(executions.all())) output::write(out, line + "\n");
}

}  // namespace nmz::nmzswarm
