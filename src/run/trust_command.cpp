// A question on a terminal, because a command is about to be taken from a file that somebody else can have written.
// What is asked about is what was read: the file may change while the user thinks.
#include <iostream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "nmz/command_line/values.hpp"
#include "nmz/configuration/tracked.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/config_command.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/text/utf8.hpp"

#include "answer.hpp"
#include "settings_table.hpp"

namespace nmz::run {
namespace {

constexpr int exit_refused = 1;

struct TrustOptions {
  TrustOptions() = default;
  std::string directory;
  bool yes = false;
  bool revoke = false;
};

[[noreturn]] void stop(std::string why) { throw StepFailed{Error{ErrorKind::misconfigured, std::move(why)}}; }

void show(const Program& program, const command_line::Parser& options, const configuration::TrackedFile& file,
          const std::vector<configuration::Value>& values) {
  std::string content = text::printable_lines(file.content, text::Colours::removed);
  if (!content.ends_with('\n')) content += '\n';
  std::string text = fmt::format("{}:\n\n{}\nwhat counts of it:\n\n", text::printable(file.path.string()), content);
  for (const auto& value : values) {
    text += fmt::format("{} = {}\n", text::printable(value.key), text::printable(value.value));
  }
  output::print(output::without_commands(text + '\n'));
  for (const std::string& line : unknown_keys(program, options, values)) output::complain(program.name, line);
}

bool says_yes() {
  output::print("Use it from now on, until it changes? [y/N] ");
  static_cast<void>(output::complete_standard_output());
  std::string said;
  std::getline(std::cin, said);
  return said == "y" || said == "Y" || said == "yes";
}

int decide(const Program& program, const command_line::Parser& options, const TrustOptions& asked) {
  const auto file = need(configuration::find_tracked(asked.directory));
  if (!file) stop(std::string{"there is no "} + configuration::tracked_name + " at the top of a work tree here");
  const std::string path = text::printable(file->path.string());
  if (asked.revoke) {
    const bool was = need(configuration::revoke(file->path));
    output::print(path + (was ? " is not used any more\n" : " was not used\n"));
    return exit_success;
  }
  if (!file->trouble.empty()) stop(path + " cannot be used: " + file->trouble);
  if (need(configuration::is_trusted(*file))) {
    output::print(path + " is used already\n");
    return exit_success;
  }
  show(program, options, *file, need(configuration::values_of(*file)));
  if (!asked.yes && ::isatty(STDIN_FILENO) == 0) {
    stop(fmt::format("standard input is no terminal to answer from; {} trust --yes uses this file", program.name));
  }
  if (!asked.yes && !says_yes()) {
    output::print("it is not used\n");
    return exit_refused;
  }
  need(configuration::trust(*file));
  output::print(path + " is used from now on, until it changes\n");
  return exit_success;
}

}  // namespace

int trust_command(const Program& program, const command_line::Parser& options,
                  const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Lets a repository say how it is tested.";
  line.usage = fmt::format(
      "Usage: {0} trust [--yes]      (shows .nmzconfig, asks, and uses it until it changes)\n"
      "       {0} trust --revoke     (uses it no more)\n",
      program.name);
  line.footer =
      "\n.nmzconfig is a file at the top of a repository, in the syntax of git's configuration, with keys nmz.*.\n"
      "It comes with the repository and names commands, so that nothing of it counts before this.\n";
  line.hint = fmt::format("see {} trust --help", program.name);
  command_line::Parser parser{line};
  std::vector<std::string> words;
  TrustOptions asked;
  parser.take_words(words);
  parser.add({command_line::value("-C", "DIR", command_line::text(asked.directory), "Run as if started in DIR"),
              command_line::flag("-y,--yes", asked.yes, "Do not ask"),
              command_line::flag("--revoke", asked.revoke, "Use it no more")});
  return answer(program, parser, arguments, [&] {
    if (!words.empty()) stop("unexpected argument '" + words.front() + "'");
    if (asked.yes && asked.revoke) stop("--yes and --revoke exclude each other");
    return decide(program, options, asked);
  });
}

}  // namespace nmz::run
