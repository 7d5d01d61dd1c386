// How a JavaScript project's own copy of a program is started: as npm does, without asking the network.
#pragma once

#include <string>

namespace nmz::runner {

/// Sets "$@" to the program and its arguments.
[[nodiscard]] inline std::string local_program(const std::string& name) {
  return "if [ -x node_modules/.bin/" + name + " ]; then set -- node_modules/.bin/" + name + " \"$@\"; else set -- " +
         name + " \"$@\"; fi\n";
}

}  // namespace nmz::runner
