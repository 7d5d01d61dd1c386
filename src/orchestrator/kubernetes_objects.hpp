// The Job and the ConfigMap of a run: their names and labels, and what is in them. Pure, but for reading the agent.
#pragma once

#include <string>

#include "nmz/error/result.hpp"
#include "nmz/kubernetes/types.hpp"
#include "nmz/orchestrator/kubernetes.hpp"

namespace nmz::orchestrator {

/// Selects what runs of this program made.
inline constexpr const char* managed_by = "app.kubernetes.io/managed-by=nmzswarm";

/// Of the Job and of the ConfigMap: lower-case letters, digits and '-', as Kubernetes wants them.
[[nodiscard]] std::string job_name(const KubernetesOptions& options);
/// Selects what this run made.
[[nodiscard]] std::string selector_of(const KubernetesOptions& options);
[[nodiscard]] kubernetes::JobSpec job_spec(const KubernetesOptions& options, std::uint32_t pods);
/// Errors (rejected): the agent cannot be read, or is larger than a ConfigMap.
[[nodiscard]] Result<kubernetes::ConfigMapSpec> config_map_spec(const KubernetesOptions& options,
                                                                const kubernetes::Object& job);

}  // namespace nmz::orchestrator
