// The options about what a person is told while a suite runs.
#pragma once

#include <vector>

#include "nmz/command_line/option.hpp"

#include "options.hpp"

namespace nmz::nmzswarm {

/// The rows of the table. `options` outlives the parser.
[[nodiscard]] std::vector<command_line::Option> telling_options(Options& options);

}  // namespace nmz::nmzswarm
