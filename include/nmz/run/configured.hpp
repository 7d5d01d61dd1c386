// What is configured for a program (nmz/configuration/configuration.hpp), as defaults of its options.
//
// The key of --log-lines is nmz.log-lines, or nmz.bisect.log-lines and nmz.swarm.log-lines for one program alone: these
// win over the general one. What is configured is read with the parser that reads the command line, so that it means
// the same. A contradiction with the command line is none: what is configured yields, and is told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/configuration/configuration.hpp"
#include "nmz/error/result.hpp"
#include "nmz/run/program.hpp"

namespace nmz::run {

struct Configured {
  Configured() = default;
  std::vector<command_line::Default> defaults;
  std::vector<std::string> notices;  ///< lines: keys that are none, a file that is not used
};

/// For the program whose options `parser` has. Errors (misconfigured): one line.
[[nodiscard]] Result<Configured> configured(const Program& program, const command_line::Parser& parser,
                                            const std::string& directory);

/// For a command beside the runs, which shares these options with them (and no other that is called so).
[[nodiscard]] Result<std::vector<command_line::Default>> configured_options(const Program& program,
                                                                            const command_line::Parser& parser,
                                                                            const std::vector<std::string>& options);

/// Of what git says, what is for this program: its own keys in place of the general ones; hooks' keys as well.
[[nodiscard]] std::vector<configuration::Value> holding(const Program& program, const command_line::Parser& parser,
                                                        const std::vector<configuration::Value>& values);

/// Of a value's key: the option's name, or the key's own that is none.
[[nodiscard]] std::string option_of(const command_line::Parser& parser, const std::string& key);

/// Lines about keys that are none.
[[nodiscard]] std::vector<std::string> unknown_keys(const Program& program, const command_line::Parser& parser,
                                                    const std::vector<configuration::Value>& values);

/// "/etc/gitconfig", for a message.
[[nodiscard]] std::string place_of(const configuration::Value& value);

/// Where a command line's defaults come from, and who is told what is left out. Empty functions: from nowhere, nobody.
struct Defaults {
  Defaults() = default;
  std::function<Result<std::vector<command_line::Default>>(const command_line::Parser&, const std::string& directory)>
      read;
  std::function<void(const std::string&)> tell;
};

/// git's configuration, with notices on standard error.
[[nodiscard]] Defaults from_configuration(const Program& program);

/// For enter(): `parse` reads the command line, with what is configured for the program.
template <class Options>
[[nodiscard]] Reader reader(Result<Request<Options>> (*parse)(const std::vector<std::string>&, const Defaults&),
                            int (*carry_out)(const Options&), const Program& program) {
  return [parse, carry_out, &program](const std::vector<std::string>& arguments) {
    return parse(arguments, from_configuration(program)).map([carry_out](Request<Options>&& request) {
      Task task;
      task.print = std::move(request.print);
      task.debug_log = request.options.debug_log;
      task.carry_out = [carry_out, options = std::move(request.options)] { return carry_out(options); };
      return task;
    });
  };
}

/// Reads a command line with its defaults. A CommandLine has
///   read(arguments, defaults)                once, as Parser::parse()
///   Result<Request<...>> finish()            checks, and gives what was read away
///   command_line::Parser& parser()
///   std::string directory()                  -C
///   bool configured()                        without --no-config
///   std::vector<std::string> replaced()      options that what was read stands for: their defaults do not count
template <class CommandLine>
auto understand(const std::vector<std::string>& arguments, const Defaults& source)
    -> decltype(std::declval<CommandLine&>().finish()) {
  using Answer = decltype(std::declval<CommandLine&>().finish());
  CommandLine bare;
  auto page = bare.read(arguments, {});
  if (!page) return tl::unexpected<Error>{page.error()};
  if (*page) {
    Answer answer{};
    answer->print = std::move(*page);
    return answer;
  }
  std::vector<command_line::Default> defaults;
  if (source.read && bare.configured()) {
    auto read = source.read(bare.parser(), bare.directory());
    if (!read) return tl::unexpected<Error>{read.error()};
    defaults = std::move(*read);
  }
  for (const std::string& option : bare.replaced()) {
    std::erase_if(defaults, [&](const auto& one) { return bare.parser().option_of(one.option) == option; });
  }
  if (defaults.empty()) return bare.finish();
  for (;;) {
    CommandLine line;
    const auto read = line.read(arguments, defaults);
    if (!read) return tl::unexpected<Error>{read.error()};
    Answer answer = line.finish();
    if (answer) return answer;
    const std::optional<command_line::Default> left_out = line.parser().withdraw(defaults);
    if (!left_out) return answer;
    if (source.tell) source.tell(left_out->name + " (" + left_out->origin + ") is left out: " + answer.error().message);
  }
}

}  // namespace nmz::run
