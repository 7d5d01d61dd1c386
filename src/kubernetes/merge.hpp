// Merging pod templates (see nmz/kubernetes/pod_template.hpp for the rules). Pure.
#pragma once

#include "json.hpp"

namespace nmz::kubernetes {

/// `later` over `earlier`, both PodTemplateSpecs or parts of them.
[[nodiscard]] Json merged(Json earlier, const Json& later);

}  // namespace nmz::kubernetes
