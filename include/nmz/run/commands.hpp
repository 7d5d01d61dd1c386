// What both programs can do besides a run: show an earlier one, and look after the logs.
#pragma once

#include <string>
#include <vector>

namespace nmz::run {

/// The program, as the commands need it.
struct Program {
  const char* name;
  int failed;  ///< exit status where something could not be written
  int usage;   ///< and where the command line is wrong, or what it names is not there
};

/// `PROGRAM show [OPTION...] [RUN]`; `arguments` without the word. Returns the exit status.
[[nodiscard]] int show_command(const Program& program, const std::vector<std::string>& arguments);

/// `PROGRAM logs` and `PROGRAM logs prune`.
[[nodiscard]] int logs_command(const Program& program, const std::vector<std::string>& arguments);

}  // namespace nmz::run
