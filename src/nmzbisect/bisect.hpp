// nmzbisect, as a list of steps.
#pragma once

#include "nmz/run/program.hpp"

#include "answer.hpp"
#include "options.hpp"

namespace nmz::nmzbisect {

inline constexpr run::Program program{"nmzbisect", events::Kind::search, exit_stopped};

/// Does what the options ask for, prints the answer, and returns the exit status. Throws StepFailed.
int bisect(const Options& given);

/// `nmzbisect test`; `arguments` without the word. Returns the exit status.
int test_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzbisect
