// The template of a worker's pod, as JSON. Pure.
#pragma once

#include "nmz/kubernetes/types.hpp"

#include "json.hpp"

namespace nmz::kubernetes {

/// Defaults, the user's template over them, and what the run needs over both (nmz/kubernetes/pod_template.hpp).
[[nodiscard]] Json pod_template_of(const JobSpec& spec);

}  // namespace nmz::kubernetes
