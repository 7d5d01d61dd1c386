// A directory of our own for files that git makes and that we read.
//
// With a name of its own, in a place that the caller names or among the temporary files: never in the directory that
// happens to be current. What is mounted in it is not entered when it is removed; what cannot be removed stays.
#pragma once

#include <filesystem>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::git {

/// `what`: for the error's line.
[[nodiscard]] Result<std::filesystem::path> fresh_directory(const std::filesystem::path& parent, std::string_view what);

void remove_directory(const std::filesystem::path& directory);

}  // namespace nmz::git
