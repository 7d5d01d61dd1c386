// What a hunt for flaky workloads found: how often each one fails, in which ways, and how to see one failure again.
#pragma once

#include <string>
#include <vector>

#include "nmz/events/event.hpp"
#include "nmz/report/executions.hpp"

#include "options.hpp"
#include "suite.hpp"

namespace nmz::nmzswarm {

/// A command of Bourne shells that gives `id` to one execution with this seed, and else does what the command line did.
[[nodiscard]] std::string repeating_command(const std::vector<std::string>& arguments, const std::string& id,
                                            std::uint64_t seed, Separator separator = Separator::newline);

/// One a workload, in their order. Reads logs: of each workload the first passing one and at most a hundred of
/// failures.
[[nodiscard]] std::vector<events::HuntedWorkload> hunted(const Suite& suite, const report::Executions& executions,
                                                         const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
