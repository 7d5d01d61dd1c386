// Which program a command's first word means, decided before anything runs: a command that is missing is one line, not
// the failure of each test.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::run {

/// The file can be executed.
[[nodiscard]] bool is_executable(const std::filesystem::path& file);

/// A name without a slash, in PATH as the command will have it. Errors (misconfigured): it is not there.
[[nodiscard]] Result<void> find_in_path(const std::string& name, const std::vector<std::string>& environment);

/// A name with a slash, which names `file`. Errors (misconfigured): there is none, or it is no program.
[[nodiscard]] Result<void> check_program(const std::string& name, const std::filesystem::path& file);

/// Where the only word of a command that was not found looks like a line for a shell, that is said in its place.
[[nodiscard]] Error with_hint(const Error& error, const std::vector<std::string>& command);

}  // namespace nmz::run
