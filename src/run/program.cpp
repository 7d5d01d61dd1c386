#include "nmz/run/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/doctor/doctor.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/commands.hpp"

namespace nmz::run {
namespace {

using Words = std::vector<std::string>;

int complain(const Program& program, const Error& error) {
  output::complain(program.name, error.message);
  return error.kind == ErrorKind::cancelled ? exit_interrupted : exit_usage;
}

int carry_out(const Program& program, const Task& task) {
  if (task.print) return print_page(program, *task.print);
  const char* const level = std::getenv("NMZ_LOG");  // NOLINT(concurrency-mt-unsafe)
  const auto logging = diagnostics::begin(task.debug_log, level == nullptr ? "" : level);
  if (!logging) return complain(program, logging.error());
  output::take_failed_writes_as_errors();
  int status = exit_success;
  try {
    status = task.carry_out();
  } catch (const StepFailed& failed) {
    status = complain(program, failed.error);
  }
  diagnostics::end();
  return status;
}

int run(const Program& program, const Words& arguments, const std::vector<Command>& own, const Reader& read) {
  if (arguments == Words{"doctor"}) return print_page(program, doctor::examine(program.name));
  const std::string word = arguments.empty() ? "" : arguments.front();
  const Words rest{arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end()};
  if (word == "show") return show_command(program, rest);
  if (word == "logs") return logs_command(program, rest);
  const auto command = std::ranges::find_if(own, [&](const Command& one) { return one.word == word; });
  if (command != own.end()) return command->carry_out(rest);
  const auto task = read(arguments);
  return task ? carry_out(program, *task) : complain(program, task.error());
}

}  // namespace

int print_page(const Program& program, const std::string& text) {
  output::print(text);
  const Result<void> printed = output::complete_standard_output();
  if (printed) return exit_success;
  output::complain(program.name, printed.error().message);
  return program.failed;
}

int enter(const Program& program, int argc, char** argv, const std::vector<Command>& own, const Reader& read) {
  output::occupy_standard_streams();
  int status = program.failed;
  try {
    status = run(program, {argv + 1, argv + argc}, own, read);
  } catch (const std::exception& bug) {
    output::complain(program.name, std::string{"internal error: "} + bug.what());
  }
  return output::end_of_program(status);
}

}  // namespace nmz::run
