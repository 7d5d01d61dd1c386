#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fcntl.h>

#include "garbage.hpp"
#include "history_command.hpp"
#include "options.hpp"
#include "swarm.hpp"

namespace {

/// A standard stream that is closed would be the next file that is opened: a log, the history, an agent's connection.
/// What stands in for it fails as a closed one does.
void occupy_standard_streams() {
  constexpr std::array<int, 3> wrong_ways{O_WRONLY, O_RDONLY, O_RDONLY};
  for (int fd = 0; fd < static_cast<int>(wrong_ways.size()); ++fd) {
    const bool closed = ::fcntl(fd, F_GETFD) < 0;
    // The lowest free number is given out, so that this one is it.
    if (closed) static_cast<void>(::open("/dev/null", wrong_ways.at(static_cast<std::size_t>(fd))));
  }
}

int print(const std::string& text) {
  static_cast<void>(std::fputs(text.c_str(), stdout));
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return nmz::nmzswarm::exit_passed;
  nmz::nmzswarm::complain("cannot write to standard output");
  return nmz::nmzswarm::exit_infrastructure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    occupy_standard_streams();
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    if (!arguments.empty() && arguments.front() == "gc") return nmz::nmzswarm::collect_garbage(arguments);
    if (!arguments.empty() && arguments.front() == "history") {
      return nmz::nmzswarm::history_command({arguments.begin() + 1, arguments.end()});
    }
    const auto request = nmz::nmzswarm::parse(arguments);
    if (!request) {
      nmz::nmzswarm::complain(request.error().message);
      return nmz::nmzswarm::exit_usage;
    }
    return request->print ? print(*request->print) : nmz::nmzswarm::swarm(request->options);
  } catch (const std::exception& bug) {
    nmz::nmzswarm::complain(std::string{"internal error: "} + bug.what());
    return nmz::nmzswarm::exit_infrastructure;
  }
}
