#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/doctor/doctor.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/commands.hpp"

#include "answer.hpp"
#include "bisect.hpp"
#include "options.hpp"

namespace {

constexpr const char* name = "nmzbisect";
constexpr nmz::run::Program as_program{name, nmz::nmzbisect::exit_stopped, nmz::nmzbisect::exit_usage};

int print(const std::string& text) {
  nmz::output::print(text);
  const nmz::Result<void> printed = nmz::output::complete_standard_output();
  if (printed) return nmz::nmzbisect::exit_found;
  nmz::output::complain(name, printed.error().message);
  return nmz::nmzbisect::exit_stopped;
}

int run(const std::vector<std::string>& arguments) {
  try {
    if (arguments == std::vector<std::string>{"doctor"}) return print(nmz::doctor::examine(name));
    const std::string word = arguments.empty() ? "" : arguments.front();
    if (word == "show") return nmz::run::show_command(as_program, {arguments.begin() + 1, arguments.end()});
    if (word == "logs") return nmz::run::logs_command(as_program, {arguments.begin() + 1, arguments.end()});
    const auto request = nmz::nmzbisect::parse(arguments);
    if (!request) {
      nmz::output::complain(name, request.error().message);
      return nmz::nmzbisect::exit_usage;
    }
    if (request->print) return print(*request->print);
    const char* const level = std::getenv("NMZ_LOG");  // NOLINT(concurrency-mt-unsafe)
    const auto logging = nmz::diagnostics::begin(request->options.debug_log, level == nullptr ? "" : level);
    if (!logging) {
      nmz::output::complain(name, logging.error().message);
      return nmz::nmzbisect::exit_usage;
    }
    const int status = nmz::nmzbisect::bisect(request->options);
    nmz::diagnostics::end();
    return status;
  } catch (const std::exception& bug) {
    nmz::output::complain(name, std::string{"internal error: "} + bug.what());
    return nmz::nmzbisect::exit_stopped;
  }
}

}  // namespace

int main(int argc, char** argv) {
  nmz::output::occupy_standard_streams();
  return nmz::output::end_of_program(run({argv + 1, argv + argc}));
}
