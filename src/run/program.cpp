#include "nmz/run/program.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include <boost/system/system_error.hpp>
#include <sys/resource.h>

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
  const bool logged = diagnostics::end();
  return logged || status != exit_success ? status : program.failed;
}

int run(const Program& program, const Words& arguments, const std::vector<Command>& own, const Reader& read) {
  if (arguments == Words{"doctor"}) return print_page(program, doctor::examine(program.name));
  const std::string word = arguments.empty() ? "" : arguments.front();
  const Words rest{arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end()};
  if (word == "show") return show_command(program, rest);
  if (word == "export") return export_command(program, rest);
  if (word == "logs") return logs_command(program, rest);
  const auto command = std::ranges::find_if(own, [&](const Command& one) { return one.word == word; });
  if (command != own.end()) return command->carry_out(rest);
  return follow(program, arguments, read);
}

/// What the machine refuses is no bug. Boost's own exception has an error code of its own kind.
std::string what_failed(const std::exception& thrown) {
  std::error_code code;
  if (const auto* const standard = dynamic_cast<const std::system_error*>(&thrown)) code = standard->code();
  if (const auto* const boosts = dynamic_cast<const boost::system::system_error*>(&thrown)) code = boosts->code();
  if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr)
    code = std::make_error_code(std::errc::not_enough_memory);
  constexpr std::array refused{std::errc::resource_unavailable_try_again, std::errc::not_enough_memory,
                               std::errc::too_many_files_open, std::errc::too_many_files_open_in_system};
  if (std::ranges::none_of(refused, [&](std::errc one) { return code == one; })) {
    return std::string{"internal error: "} + thrown.what();
  }
  return "the machine refuses what is needed (memory, threads or files; see ulimit -a): " + code.message();
}

/// Nothing has succeeded whose answer did not arrive.
int success_if_printed(const Program& program) {
  const Result<void> printed = output::complete_standard_output();
  if (printed) return exit_success;
  output::complain(program.name, printed.error().message);
  return program.failed;
}

/// Empty, or what is wrong. Where it is too small for git's configuration and a tree's depth the kernel ends us.
std::string stack_is_lacking() {
  constexpr rlim_t least = rlim_t{256} << 10U;
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= least) return {};
  return "a stack of " + std::to_string(limit.rlim_cur >> 10U) + " KiB is too small (ulimit -s); " +
         std::to_string(least >> 10U) + " are needed";
}

}  // namespace

int follow(const Program& program, const std::vector<std::string>& arguments, const Reader& read) {
  const auto task = read(arguments);
  if (task) return carry_out(program, *task);
  const int status = complain(program, task.error());
  return task.error().kind == ErrorKind::retryable ? program.failed : status;  // the machine refused to start git
}

int print_page(const Program& program, const std::string& text) {
  output::print(text);
  return success_if_printed(program);
}

int enter(const Program& program, int argc, char** argv, const std::vector<Command>& own, const Reader& read) {
  output::occupy_standard_streams();
  if (const std::string lacking = stack_is_lacking(); !lacking.empty()) {
    output::complain(program.name, lacking);
    return output::end_of_program(exit_usage);
  }
  int status = program.failed;
  try {
    status = run(program, {argv + 1, argv + argc}, own, read);
  } catch (const std::exception& bug) {
    output::complain(program.name, what_failed(bug));
  }
  status = output::end_of_program(status);  // does not come back where the reader has gone
  return status == exit_success ? success_if_printed(program) : status;
}

}  // namespace nmz::run
