// Asking the installed git about a repository that is open.
//
// Which one is meant is always said outright: a hook or an alias may have left GIT_DIR and its relatives in our
// environment, and they are honoured once, when the repository is opened.
#pragma once

#include <string>
#include <vector>

#include "nmz/git/repository.hpp"
#include "nmz/git_program/git_program.hpp"

namespace nmz::git {

using git_program::complaint;
using git_program::git_output;
using git_program::GitCommand;
using git_program::GitEnd;
using git_program::GitText;
using git_program::LineSink;
using git_program::run_git;
using git_program::without_newline;

/// In the repository's start directory, with nothing in the environment that could point elsewhere.
[[nodiscard]] GitCommand git_command(const Repository& repository, std::vector<std::string> arguments);

}  // namespace nmz::git
