// Which run was the last one: of a program, or of a suite. Its log directory's path, in a file of the name below "last"
// in the user's state directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::logs {

/// Errors: it cannot be written.
[[nodiscard]] Result<void> remember_last(const std::string& name, const std::filesystem::path& directory);

/// Nothing where none is known. Errors: there is no state directory.
[[nodiscard]] Result<std::optional<std::filesystem::path>> last_run(const std::string& name);

}  // namespace nmz::logs
