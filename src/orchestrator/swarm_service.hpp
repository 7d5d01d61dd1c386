// The service whose tasks are the workers, as the Swarm is told of it. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "nmz/docker/types.hpp"
#include "nmz/orchestrator/swarm.hpp"

namespace nmz::orchestrator {

/// What was made before it.
struct ServiceParts {
  ServiceParts() = default;
  std::string relay;   ///< "10.0.0.1:7766"
  std::string config;  ///< the agent's id; empty: the image has it
  std::string secret;  ///< the tokens' id
  std::uint32_t replicas = 0;
};

[[nodiscard]] docker::ServiceSpec service_spec(const SwarmOptions& options, const ServiceParts& parts);

}  // namespace nmz::orchestrator
