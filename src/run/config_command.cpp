#include "nmz/run/config_command.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "nmz/command_line/values.hpp"
#include "nmz/configuration/configuration.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/text/utf8.hpp"

#include "answer.hpp"
#include "settings_table.hpp"

namespace nmz::run {
namespace {

using command_line::Parser;
using configuration::Value;

constexpr int exit_unset = 1;  // as git config

std::string json_lines(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) {
    const boost::json::object object{{"key", text::printable(value.key)},
                                     {"value", text::valid_utf8(value.value)},
                                     {"scope", value.scope},
                                     {"origin", text::valid_utf8(value.origin)}};
    text += boost::json::serialize(object) + '\n';
  }
  return text;
}

std::vector<Value> of_key(const Parser& options, const std::vector<Value>& values, const std::string& key) {
  const std::string wanted = option_of(options, key.starts_with("nmz.") ? key : "nmz." + key);
  std::vector<Value> found;
  std::ranges::copy_if(values, std::back_inserter(found),
                       [&](const Value& one) { return option_of(options, one.key) == wanted; });
  return found;
}

}  // namespace

std::vector<Value> in_force(const Program& program, const Parser& options, const std::vector<Value>& values) {
  std::map<std::string, std::vector<Value>> by_option;
  for (const Value& value : holding(program, options, values)) {
    const std::string option = option_of(options, value.key);
    std::vector<Value>& known = by_option[option];
    if (value.value.empty() || !(options.is_list(option) || options.option_of(option).empty())) known.clear();
    if (!value.value.empty()) known.push_back(value);
  }
  std::vector<Value> result;
  for (const auto& [option, known] : by_option) result.insert(result.end(), known.begin(), known.end());
  return result;
}

std::string table_of(const std::vector<Value>& values) {
  std::size_t keys = 0;
  std::size_t texts = 0;
  constexpr std::size_t widest = 60;
  for (const Value& value : values) {
    keys = std::max(keys, value.key.size());
    texts = std::max(texts, std::min(widest, text::printable(value.value).size()));
  }
  std::string text;
  for (const Value& value : values) {
    text += fmt::format("{:{}}  {:{}}  {:7}  {}\n", text::printable(value.key), keys, text::printable(value.value),
                        texts, value.scope, place_of(value));
  }
  return output::without_commands(text);
}

int config_command(const Program& program, const Parser& options, const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Shows what is configured, and where: the keys nmz.* of git's configuration.";
  line.usage = fmt::format(
      "Usage: {0} config [OPTION...]         (all that holds: key, value, scope, place)\n"
      "       {0} config [OPTION...] KEY     (its value alone; exit status 1 where it is not set)\n",
      program.name);
  line.footer = fmt::format(
      "\nThe key of an option --log-dir is nmz.log-dir, or nmz.{}.log-dir for this program alone. It is set with\n"
      "git config, and the command line wins over it.\n",
      std::string{program.name}.substr(3));
  line.hint = fmt::format("see {} config --help", program.name);
  Parser parser{line};
  std::vector<std::string> words;
  std::string directory;
  bool json = false;
  parser.take_words(words);
  parser.add({command_line::value("-C", "DIR", command_line::text(directory), "Run as if started in DIR"),
              command_line::flag("--json", json, "One JSON object a line: key, value, scope, origin")});
  return answer(program, parser, arguments, [&] {
    if (words.size() > 1) {
      throw StepFailed{
          Error{ErrorKind::misconfigured, "unexpected argument '" + words[1] + "' (it is set with git config)"}};
    }
    const auto known = need(configuration::consult(directory));
    std::vector<Value> values = in_force(program, options, known.values);
    if (!words.empty()) values = of_key(options, values, words.front());
    if (json || words.empty()) {
      output::print(json ? json_lines(values) : table_of(values));
    } else {
      for (const Value& value : values) output::print(value.value + '\n');
    }
    for (const std::string& notice : unknown_keys(program, options, known.values))
      output::complain(program.name, notice);
    if (!known.notice.empty()) output::complain(program.name, text::printable(known.notice));
    return words.empty() || !values.empty() ? exit_success : exit_unset;
  });
}

}  // namespace nmz::run
