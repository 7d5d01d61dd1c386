// Which file a command's first word means, decided before anything is tested.
//
// The tests run in work trees that hold tracked files only, while the script a user names is often an untracked file
// beside the sources. As with `git bisect run`, such a file is run from where it is; a tracked one is run as the
// commit under test has it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"

#include "options.hpp"

namespace nmz::nmzbisect {

struct ResolvedCommand {
  std::string program;             ///< what to execute in place of argv[0]; empty = argv[0] in the work tree or PATH
  std::vector<std::string> notes;  ///< lines the user should see
};

[[nodiscard]] Result<ResolvedCommand> resolve_command(const Options& options, const git::Repository& repository,
                                                      const git::Range& range);

}  // namespace nmz::nmzbisect
