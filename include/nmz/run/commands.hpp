// What both programs can do besides a run: show an earlier one, and look after the logs.
#pragma once

#include <string>
#include <vector>

#include "nmz/run/program.hpp"

namespace nmz::run {

/// `PROGRAM show [OPTION...] [RUN]`; `arguments` without the word. Returns the exit status.
[[nodiscard]] int show_command(const Program& program, const std::vector<std::string>& arguments);

/// `PROGRAM export [RUN [FILE]]`.
[[nodiscard]] int export_command(const Program& program, const std::vector<std::string>& arguments);

/// `PROGRAM logs` and `PROGRAM logs prune`.
[[nodiscard]] int logs_command(const Program& program, const std::vector<std::string>& arguments);

}  // namespace nmz::run
