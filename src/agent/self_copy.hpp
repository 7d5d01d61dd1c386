// The agent as a file of its own: how an image that holds nothing else gives it to another container (an init container
// of a Kubernetes pod).
#pragma once

#include <string>

namespace nmz::agent {

/// Writes this program to `file`, which everybody may read and execute. Returns 0 or an errno.
[[nodiscard]] int copy_self_to(const std::string& file);

}  // namespace nmz::agent
