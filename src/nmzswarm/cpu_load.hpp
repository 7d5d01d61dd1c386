// CPU load beside a workload (--stress-cpu, --classify): loops that are no children of its command, which may wait for
// all of its own; they end with the job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nmz::nmzswarm {

/// The command with so many loops beside it. 0: as it is.
[[nodiscard]] std::vector<std::string> beside_loops(std::vector<std::string> command, std::uint32_t loops);
/// With two for each CPU of the worker's machine: what runs beside them has a third of one.
[[nodiscard]] std::vector<std::string> beside_full_load(std::vector<std::string> command);

}  // namespace nmz::nmzswarm
