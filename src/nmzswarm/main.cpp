#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/doctor/doctor.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/commands.hpp"

#include "garbage.hpp"
#include "history_command.hpp"
#include "options.hpp"
#include "swarm.hpp"

namespace {

constexpr nmz::run::Program as_program{"nmzswarm", nmz::nmzswarm::exit_infrastructure, nmz::nmzswarm::exit_usage};

int print(const std::string& text) {
  nmz::output::print(text);
  const nmz::Result<void> printed = nmz::output::complete_standard_output();
  if (printed) return nmz::nmzswarm::exit_passed;
  nmz::nmzswarm::complain(printed.error().message);
  return nmz::nmzswarm::exit_infrastructure;
}

int run(const std::vector<std::string>& arguments) {
  try {
    if (arguments == std::vector<std::string>{"doctor"}) return print(nmz::doctor::examine("nmzswarm"));
    if (!arguments.empty() && arguments.front() == "gc") return nmz::nmzswarm::collect_garbage(arguments);
    if (!arguments.empty() && arguments.front() == "history") {
      return nmz::nmzswarm::history_command({arguments.begin() + 1, arguments.end()});
    }
    const std::string word = arguments.empty() ? "" : arguments.front();
    if (word == "show") return nmz::run::show_command(as_program, {arguments.begin() + 1, arguments.end()});
    if (word == "logs") return nmz::run::logs_command(as_program, {arguments.begin() + 1, arguments.end()});
    const auto request = nmz::nmzswarm::parse(arguments);
    if (!request) {
      nmz::nmzswarm::complain(request.error().message);
      return nmz::nmzswarm::exit_usage;
    }
    if (request->print) return print(*request->print);
    const char* const level = std::getenv("NMZ_LOG");  // NOLINT(concurrency-mt-unsafe)
    const auto logging = nmz::diagnostics::begin(request->options.debug_log, level == nullptr ? "" : level);
    if (!logging) {
      nmz::nmzswarm::complain(logging.error().message);
      return nmz::nmzswarm::exit_usage;
    }
    const int status = nmz::nmzswarm::swarm(request->options);
    nmz::diagnostics::end();
    return status;
  } catch (const std::exception& bug) {
    nmz::nmzswarm::complain(std::string{"internal error: "} + bug.what());
    return nmz::nmzswarm::exit_infrastructure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  nmz::output::occupy_standard_streams();
  return nmz::output::end_of_program(run({argv + 1, argv + argc}));
}
