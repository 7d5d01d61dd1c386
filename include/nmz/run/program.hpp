// A program from its command line to its exit status: what is the same for both.
//
// SIGPIPE is ignored (nmz/output/standard_streams.hpp), --debug-log and NMZ_LOG are obeyed, what fails is one line on
// standard error, and a bug says so. What the program does besides, it brings along.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/events/event.hpp"

namespace nmz::run {

inline constexpr int exit_success = 0;
inline constexpr int exit_usage = 128;
inline constexpr int exit_interrupted = 130;

struct Program {
  const char* name;
  events::Kind kind;
  int failed;  ///< exit status where something could not be written
};

/// `PROGRAM WORD ARGUMENT...`; gets the arguments, returns the exit status.
struct Command {
  const char* word;
  int (*carry_out)(const std::vector<std::string>& arguments);
};

/// What a command line without such a word asks for.
struct Task {
  Task() = default;
  std::optional<std::string> print;  ///< a page, and nothing else
  std::string debug_log;
  std::function<int()> carry_out;  ///< returns the exit status; may throw StepFailed
};

/// What a program's own parser makes of a command line.
template <class Options>
struct Request {
  Request() = default;
  std::optional<std::string> print;  ///< a text (--help, --version), and no run
  Options options;
};

using Reader = std::function<Result<Task>(const std::vector<std::string>&)>;

/// main(): `read` understands the command line; besides, there are the commands of every program (show, export, logs,
/// doctor) and `own`.
[[nodiscard]] int enter(const Program& program, int argc, char** argv, const std::vector<Command>& own,
                        const Reader& read);

/// The same for the arguments of a command that reads them as the program does.
[[nodiscard]] int follow(const Program& program, const std::vector<std::string>& arguments, const Reader& read);

/// Prints it to standard output. Returns the exit status.
[[nodiscard]] int print_page(const Program& program, const std::string& text);

}  // namespace nmz::run
