// The places of a service's tasks: in each the Swarm puts one task after the other. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "nmz/docker/types.hpp"

namespace nmz::orchestrator {

/// The Swarm wants it to run, and it has not ended.
[[nodiscard]] bool has_the_slot(const docker::Task& task);

/// Slots whose task has ended as it should, so that the Swarm has put no other in its place.
[[nodiscard]] std::uint32_t count_slots_at_rest(const std::vector<docker::Task>& tasks);

}  // namespace nmz::orchestrator
