// `PROGRAM config` and `PROGRAM trust`: what is configured, and what of a repository's own file counts.
#pragma once

#include <string>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/run/program.hpp"

namespace nmz::run {

/// `PROGRAM config [--json] [KEY]`; `options`: the program's own. Returns the exit status: 1 where KEY is not set.
[[nodiscard]] int config_command(const Program& program, const command_line::Parser& options,
                                 const std::vector<std::string>& arguments);

/// `PROGRAM trust [--yes|--revoke]`. Returns the exit status: 1 where the user said no.
[[nodiscard]] int trust_command(const Program& program, const command_line::Parser& options,
                                const std::vector<std::string>& arguments);

}  // namespace nmz::run
