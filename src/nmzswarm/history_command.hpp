// nmzswarm history: what is remembered of earlier runs, and forgetting it.
#pragma once

#include <string>
#include <vector>

namespace nmz::nmzswarm {

/// `arguments`: what follows "history". Prints to standard output, returns the exit status.
[[nodiscard]] int history_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
