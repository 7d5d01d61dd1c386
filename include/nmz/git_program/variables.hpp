// What git tells its own children about the repository at hand.
//
// A program that runs in a hook, in an alias or in `git rebase --exec` has these in its environment, and would hand
// them on: a test that makes a scratch repository (`git init`, `git config`) then writes into the user's. So they end
// with us. Whoever wants one in a test says so (--env).
#pragma once

#include <string_view>

namespace nmz::git_program {

/// Whether "NAME=VALUE" is one of `git rev-parse --local-env-vars` (up to git 2.51), what comes with GIT_CONFIG_COUNT,
/// or what git-receive-pack(1) adds for its hooks.
[[nodiscard]] bool is_about_a_repository(std::string_view variable);

}  // namespace nmz::git_program
