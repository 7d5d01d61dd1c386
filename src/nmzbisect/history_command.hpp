// nmzbisect history: the searches of this machine's user, what came out, and forgetting it.
#pragma once

#include <string>
#include <vector>

namespace nmz::nmzbisect {

/// `arguments`: what follows "history". Prints to standard output, returns the exit status.
[[nodiscard]] int history_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzbisect
