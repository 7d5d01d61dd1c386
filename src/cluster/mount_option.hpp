// --mount, as docker's command takes it: fields of a CSV line ("type=bind,source=/a,target=/b,readonly").
#pragma once

#include <string>

#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"

namespace nmz::cluster {

/// Errors (misconfigured): one line. A source such as ./data is looked for from the working directory.
[[nodiscard]] Result<docker::Mount> parse_mount(const std::string& text);

}  // namespace nmz::cluster
