// The agent as a tar file, ready to be unpacked at a container's root.
#pragma once

#include <filesystem>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::orchestrator {

/// Where it is in the container, beside the work tree.
inline constexpr const char* agent_place = "/nmz/agent";
inline constexpr const char* tree_place = "/nmz/tree";

/// Holds nmz/ (mode 1777: the image's user may not be root, and makes the work tree there) and nmz/agent (0755).
[[nodiscard]] Result<std::string> agent_archive(const std::filesystem::path& agent);

/// The same as a build context: a Dockerfile puts the agent on top of `image`.
[[nodiscard]] Result<std::string> agent_build_context(const std::filesystem::path& agent, const std::string& image);

}  // namespace nmz::orchestrator
