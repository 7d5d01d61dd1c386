// Results as a JUnit XML file, which CI servers read.
//
// There is no standard but what readers accept. We keep to the schema of Jenkins' xUnit plugin (junit-10.xsd) and, for
// workloads with several attempts, to what Maven Surefire writes and Jenkins, GitLab and others understand: a workload
// that failed and then passed is a passed testcase with <flakyFailure>s, one that failed every time has its first
// failure as <failure> and the further ones as <rerunFailure>s. A time-out is a <failure>, a lost worker an <error>,
// what was cancelled or not run is <skipped>. The end of the log is the <system-out>. What --classify found are
// <properties> of the testcase, as pytest writes them.
//
// Texts may be any bytes and XML may not: escape sequences for terminals are left out, and what is no UTF-8 or no
// character of XML 1.0 becomes U+FFFD. The file is written piece by piece, so that 100,000 results need no second copy
// in memory, and takes its name only when it is complete.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/report/result.hpp"

namespace nmz::report {

/// The suite's time is the run's, until its last execution ended; `started` becomes its timestamp (UTC).
[[nodiscard]] Result<void> write_junit(const std::string& file, std::string_view suite,
                                       std::span<const Execution> executions,
                                       std::optional<std::chrono::system_clock::time_point> started = std::nullopt);

}  // namespace nmz::report
