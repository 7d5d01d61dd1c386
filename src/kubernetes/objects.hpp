// Kubernetes' objects as JSON: what we create, and what we read of what there is. Pure.
//
// Fields are chosen by the server's version: an older one drops what it does not know, without a word, and with it the
// safety that the field was for.
#pragma once

#include <string>
#include <vector>

#include "nmz/kubernetes/types.hpp"

#include "json.hpp"

namespace nmz::kubernetes {

/// The container of every pod.
inline constexpr const char* container_name = "worker";

[[nodiscard]] Json job_manifest(const JobSpec& spec);
[[nodiscard]] Json config_map_manifest(const ConfigMapSpec& spec);
/// authorization.k8s.io/v1.
[[nodiscard]] Json access_review(const Right& right, const std::string& name_space);
[[nodiscard]] Json rules_review(const std::string& name_space);

[[nodiscard]] std::vector<Rule> rules_of(const Json& told);
[[nodiscard]] Object object_of(const Json& told);
[[nodiscard]] Job job_of(const Json& told);
[[nodiscard]] Pod pod_of(const Json& told);

}  // namespace nmz::kubernetes
