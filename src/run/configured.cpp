#include "nmz/run/configured.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "nmz/command_line/suggestion.hpp"
#include "nmz/configuration/keys.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::run {
namespace {

using command_line::Default;
using command_line::Parser;
using configuration::Value;

/// "bisect" for nmzbisect.
std::string section_of(const Program& program) { return std::string{program.name}.substr(3); }

}  // namespace

std::string place_of(const Value& value) {
  constexpr std::string_view file = "file:";
  const std::string place = value.origin.starts_with(file) ? value.origin.substr(file.size())
                            : value.scope == "command"     ? "the command line of git, or GIT_CONFIG_COUNT"
                                                           : value.origin;
  return text::printable(place);
}

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Whether the key is one of this program's options, hooks', or the other program's.
bool is_known(const Program& program, const Parser& parser, const configuration::Name& name) {
  const std::string own = section_of(program);
  const std::string other = own == "bisect" ? "swarm" : "bisect";
  const bool here = !parser.option_of(name.option).empty() || contains(configuration::hook_keys(), name.option);
  if (name.section == own) return here;
  if (name.section == other) return true;  // it is for the other to say
  return name.section.empty() && (here || command_line::is_key_of(name.option, configuration::options_of(other)) ||
                                  name.option == command_line::default_command);
}

std::string unknown(const Parser& parser, const configuration::Name& name, const Value& value) {
  std::vector<std::string> known = parser.option_names();
  known.insert(known.end(), configuration::hook_keys().begin(), configuration::hook_keys().end());
  known.emplace_back(command_line::default_command);
  const std::string meant = command_line::suggestion(name.option, known);
  const std::string prefix = "nmz." + (name.section.empty() || meant.empty() ? "" : name.section + '.');
  return "unknown key " + text::printable(value.key) + " in " + place_of(value) +
         (meant.empty() ? "" : "; did you mean " + prefix + meant + '?');
}

Default default_of(const Value& value) {
  Default one;
  one.option = configuration::name_of(value.key).option;
  one.value = value.value;
  one.alone = value.alone;
  one.name = value.key;
  one.origin = place_of(value);
  return one;
}

/// nmz.command is how a commit is tested; a list of workloads has a command of its own.
bool is_for(const Program& program, const Parser& parser, const configuration::Name& name) {
  if (!name.section.empty() && name.section != section_of(program)) return false;
  if (contains(configuration::hook_keys(), name.option)) return true;
  const bool general_command = name.section.empty() && name.option == command_line::default_command;
  return !parser.option_of(name.option).empty() && !(general_command && program.kind == events::Kind::suite);
}

}  // namespace

std::string option_of(const Parser& parser, const std::string& key) {
  const std::string name = configuration::name_of(key).option;
  const std::string option = parser.option_of(name);
  return option.empty() ? name : option;
}

std::vector<Value> holding(const Program& program, const Parser& parser, const std::vector<Value>& values) {
  std::vector<Value> general;
  std::vector<Value> own;
  std::set<std::string> replaced;
  for (const Value& value : values) {
    const configuration::Name name = configuration::name_of(value.key);
    if (!is_for(program, parser, name)) continue;
    (name.section.empty() ? general : own).push_back(value);
    if (!name.section.empty()) replaced.insert(option_of(parser, value.key));
  }
  std::erase_if(general, [&](const Value& one) { return replaced.contains(option_of(parser, one.key)); });
  general.insert(general.end(), own.begin(), own.end());
  return general;
}

std::vector<std::string> unknown_keys(const Program& program, const Parser& parser, const std::vector<Value>& values) {
  std::vector<std::string> lines;
  for (const Value& value : values) {
    const configuration::Name name = configuration::name_of(value.key);
    if (is_known(program, parser, name)) continue;
    std::string line = unknown(parser, name, value);
    if (!contains(lines, line)) lines.push_back(std::move(line));
  }
  return lines;
}

Result<Configured> configured(const Program& program, const Parser& parser, const std::string& directory) {
  return configuration::consult(directory).map([&](configuration::Holding&& known) {
    Configured result;
    for (const Value& value : holding(program, parser, known.values)) {
      if (!parser.option_of(configuration::name_of(value.key).option).empty()) {
        result.defaults.push_back(default_of(value));
      }
    }
    result.notices = unknown_keys(program, parser, known.values);
    if (!known.notice.empty()) result.notices.push_back(text::printable(known.notice));
    return result;
  });
}

Result<std::vector<Default>> configured_options(const Program& program, const Parser& parser,
                                                const std::vector<std::string>& options) {
  return configured(program, parser, {}).map([&](Configured&& known) {
    std::erase_if(known.defaults, [&](const Default& one) { return !contains(options, parser.option_of(one.option)); });
    return std::move(known.defaults);
  });
}

Defaults from_configuration(const Program& program) {
  Defaults source;
  source.tell = [&program](const std::string& line) { output::complain(program.name, line); };
  source.read = [&program, tell = source.tell](const Parser& parser, const std::string& directory) {
    return configured(program, parser, directory).map([&](Configured&& read) {
      for (const std::string& line : read.notices) tell(line);
      return std::move(read.defaults);
    });
  };
  return source;
}

}  // namespace nmz::run
