#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "history_command.hpp"
#include "options.hpp"
#include "swarm.hpp"

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    if (!arguments.empty() && arguments.front() == "history") {
      return nmz::nmzswarm::history_command({arguments.begin() + 1, arguments.end()});
    }
    const auto request = nmz::nmzswarm::parse(arguments);
    if (!request) {
      fmt::print(stderr, "nmzswarm: {}\n", request.error().message);
      return nmz::nmzswarm::exit_usage;
    }
    if (request->print) {
      fmt::print("{}", *request->print);
      return 0;
    }
    return nmz::nmzswarm::swarm(request->options);
  } catch (const std::exception& bug) {
    fmt::print(stderr, "nmzswarm: internal error: {}\n", bug.what());
    return nmz::nmzswarm::exit_infrastructure;
  }
}
