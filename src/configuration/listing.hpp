// `git config` as a list of values, of wherever it reads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/configuration/configuration.hpp"
#include "nmz/git_program/git_program.hpp"

namespace nmz::configuration {

/// The arguments for git that list nmz.*, `from` where they say.
[[nodiscard]] std::vector<std::string> listing(const std::vector<std::string>& from);

/// `start`: where the command runs. Errors (misconfigured): what git says.
[[nodiscard]] Result<std::vector<Value>> list(const git_program::GitCommand& command,
                                              const std::filesystem::path& start);

}  // namespace nmz::configuration
