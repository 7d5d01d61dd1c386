// Where the time went: a run as a Chrome trace, for chrome://tracing, Perfetto and Speedscope.
//
// The JSON object form of the Trace Event Format: a process is a node, a thread is one of its workers, and every
// execution that began is a complete event ("ph": "X", times in microseconds). Viewers take overlapping events of one
// thread for nested calls. A worker runs one execution at a time, but a lost one is timed until its loss was noticed,
// when its successor may run already: an event is cut where the next one of its worker begins.
#pragma once

#include <span>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/report/result.hpp"

namespace nmz::report {

[[nodiscard]] Result<void> write_trace(const std::string& file, std::span<const Execution> executions);

}  // namespace nmz::report
