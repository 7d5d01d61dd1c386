#include "nmz/command_line/arguments.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace nmz::command_line {
namespace {

class HelpPage final : public CLI::Formatter {
 public:
  explicit HelpPage(std::string usage) : usage_{std::move(usage)} {
    constexpr std::size_t width = 26;
    column_width(width);
  }
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override { return usage_; }
  std::string make_positionals(const CLI::App* /*app*/) const override { return {}; }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }

 private:
  std::string usage_;
};

/// "-replicas" and "-replicas=8" get their second dash, if a long option of that name exists.
std::vector<std::string> with_double_dashes(const CLI::App& app, std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    if (argument.size() < 3 || argument[0] != '-' || argument[1] == '-') continue;
    const std::string name = "-" + argument.substr(0, argument.find('='));
    if (app.get_option_no_throw(name) != nullptr) argument.insert(0, "-");
  }
  return arguments;
}

/// The first option that was given an empty value.
const CLI::Option* without_value(const CLI::App& app, const std::set<std::string>& may_be_empty) {
  for (const CLI::Option* option : app.get_options()) {
    const bool takes_one = option->get_items_expected_min() > 0 && !option->get_positional();
    if (!takes_one || may_be_empty.contains(option->get_name())) continue;
    const std::vector<std::string>& values = option->results();
    if (std::ranges::find(values, std::string{}) != values.end()) return option;
  }
  return nullptr;
}

/// How many letters differ, are missing, or are too many.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

/// The option that was meant: of those that begin so the shortest, else the one that is written most alike.
std::string meant(const CLI::App& app, const std::string& name) {
  constexpr std::size_t too_different = 3;
  std::string best;
  std::size_t best_score = too_different;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      const bool begins_so = known.starts_with(name);
      const std::size_t score = begins_so ? 0 : distance(name, known);
      const bool shorter = begins_so && best_score == 0 && known.size() < best.size();
      if (score < best_score || shorter) {
        best = known;
        best_score = score;
      }
    }
  }
  return best;
}

/// The first that is an option for all its dashes and is none of ours.
std::optional<std::string> unknown_option(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.size() < 3 || !name.starts_with("--") || app.get_option_no_throw(name) != nullptr) continue;
    const std::string known = meant(app, name.substr(2));
    return "there is no option " + name + (known.empty() ? "" : "; did you mean --" + known + "?");
  }
  return std::nullopt;
}

}  // namespace

void set_up(CLI::App& app, std::string usage) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.option_defaults()->take_last();  // lists say otherwise
  app.formatter(std::make_shared<HelpPage>(std::move(usage)));
}

Result<std::optional<std::string>> parse(CLI::App& app, const std::vector<std::string>& arguments,
                                         const std::string& hint, const std::set<std::string>& may_be_empty) {
  std::vector<std::string> ours = with_double_dashes(app, arguments);
  if (const auto unknown = unknown_option(app, ours)) {
    return fail(ErrorKind::misconfigured, *unknown + " (" + hint + ")");
  }
  std::reverse(ours.begin(), ours.end());  // CLI11 takes them from the back
  try {
    app.parse(ours);
  } catch (const CLI::CallForHelp&) {
    return std::optional<std::string>{app.help()};
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return fail(ErrorKind::misconfigured, text + " (" + hint + ")");
  }
  if (const CLI::Option* const empty = without_value(app, may_be_empty); empty != nullptr) {
    return fail(ErrorKind::misconfigured, empty->get_name() + " has an empty value (a variable that is not set?)");
  }
  return std::optional<std::string>{};
}

}  // namespace nmz::command_line
