// What is configured for hooks: nmz.command and its relatives are for the tests, and read by the program that runs
// them; these are for the hook itself.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::hook {

struct Settings {
  Settings() = default;
  bool testable = false;  ///< there is something to test with: nmz.suite, nmz.command, or nmz.image with its own
  std::string suite;      ///< nmz.suite: arguments of nmzswarm, for a shell
  std::vector<std::string> refs{"refs/heads/*"};  ///< nmz.refs
  std::chrono::milliseconds budget{0};            ///< nmz.budget; 0 = it is not said
  std::string notify;                             ///< nmz.notify: a shell command
  std::string reports;                            ///< nmz.report: a directory; empty = in the git directory
  bool wait = false;                              ///< nmz.wait
};

/// Errors (misconfigured): one line.
[[nodiscard]] Result<Settings> read_settings(const std::string& directory);

/// NMZ_HOOK=0 is in the environment.
[[nodiscard]] bool switched_off();

/// One line on standard error.
void tell(const std::string& line);

}  // namespace nmz::hook
