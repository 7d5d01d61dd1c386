// `nmzbisect hook install|uninstall|status|run`: git itself tests what is pushed.
#pragma once

#include <string>
#include <vector>

namespace nmz::hook {

/// `arguments`: without the word. Returns the exit status.
[[nodiscard]] int command(const std::vector<std::string>& arguments);

}  // namespace nmz::hook
