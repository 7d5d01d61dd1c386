// What a maintainer has to know about a machine to understand a report of a bug from it, and its user to understand
// what a run would choose. Changes nothing, and tells no secret.
#pragma once

#include <string>

namespace nmz::doctor {

/// A text of "name  value" lines: versions, the Docker Engine, limits, places and their sizes, what would be chosen.
[[nodiscard]] std::string examine(const std::string& program);

}  // namespace nmz::doctor
