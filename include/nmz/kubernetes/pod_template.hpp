// A pod template of the user's, and how it is merged with what a run needs. Pure.
//
// The file is a PodTemplateSpec ({metadata, spec}) as YAML or JSON, or a whole Pod or PodTemplate, whose template it
// then is. Of its metadata labels and annotations count. It is merged in three layers, of which a later one wins:
// defaults that may be changed (automountServiceAccountToken, enableServiceLinks, terminationGracePeriodSeconds), the
// user's template, what a run needs. Objects are merged field by field; of two values that are no objects the later one
// counts. Lists are merged by what names their entries, as a strategic merge patch does: containers, initContainers,
// volumes, env and imagePullSecrets by `name`, volumeMounts by `mountPath`. Containers of one name are merged, of the
// others the later entry replaces the earlier one whole. All other lists are joined, the user's entries first, but for
// `command`, of which the later one counts. The container `worker` is the agent's: its args and its tty are dropped,
// which would be between the agent and its stream; every other container stays beside it.
#pragma once

#include <string>

#include "nmz/error/result.hpp"

namespace nmz::kubernetes {

/// JSON of a PodTemplateSpec. `path` is where the text is from. Errors (misconfigured): one line that names the file.
[[nodiscard]] Result<std::string> read_pod_template(const std::string& text, const std::string& path);

}  // namespace nmz::kubernetes
