#include "nmz/command_line/parser.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "nmz/command_line/suggestion.hpp"

#include "defaults.hpp"

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

/// "--image=" has an empty value; CLI11 would take the word behind it for one.
std::vector<std::string> with_empty_values(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> apart;
  for (const std::string& argument : arguments) {
    const bool ends_so = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    const CLI::Option* const option =
        ends_so ? app.get_option_no_throw(argument.substr(0, argument.size() - 1)) : nullptr;
    const bool takes_one = option != nullptr && option->get_type_size() > 0;
    apart.push_back(takes_one ? argument.substr(0, argument.size() - 1) : argument);
    if (takes_one) apart.emplace_back();
  }
  return apart;
}

/// A row, and what the command line said to it.
struct Declared {
  Option row;
  CLI::Option* known = nullptr;
  std::string value;
  std::vector<std::string> values;
  bool asked = false;     ///< for a page
  bool left_out = false;  ///< --no-NAME: its defaults do not count
  std::vector<Default> defaults;
  [[nodiscard]] bool given() const { return known->count() > 0; }
};

/// "--prove v1..HEAD" has no value, which is said outright for CLI11's sake.
std::vector<std::string> with_joined_values(const std::deque<Declared>& options, std::vector<std::string> arguments) {
  for (std::string& argument : arguments) {
    const auto is_alone = [&](const Declared& option) {
      const std::vector<std::string> names = long_names(option.row.names);
      return option.row.joined && std::ranges::find(names, argument) != names.end();
    };
    const auto found = std::ranges::find_if(options, is_alone);
    if (found != options.end()) argument += '=' + *found->row.alone;
  }
  return arguments;
}

/// The first that is an option for all its dashes and is none of ours.
std::optional<std::string> unknown_option(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.size() < 3 || !name.starts_with("--") || app.get_option_no_throw(name) != nullptr) continue;
    std::vector<std::string> names;
    for (const CLI::Option* option :
         app.get_options([](const CLI::Option* one) { return !one->get_group().empty(); })) {
      names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    }
    const std::string known = suggestion(name.substr(2), names);
    return "there is no option " + name + (known.empty() ? "" : "; did you mean --" + known + "?");
  }
  return std::nullopt;
}

CLI::Option* declare(CLI::App& app, Declared& option) {
  const Option& row = option.row;
  switch (row.kind) {
    case Option::Kind::flag:
      return app.add_flag(row.names, *row.on, row.help);
    case Option::Kind::page:
      return app.add_flag(row.names, option.asked, row.help);
    case Option::Kind::list:
      return app.add_option(row.names, option.values, row.help)->allow_extra_args(false)->take_all();
    case Option::Kind::value:
      break;
  }
  CLI::Option* const known = app.add_option(row.names, option.value, row.help);
  return row.alone ? known->expected(0, 1) : known;
}

bool has_empty_value(const Declared& option) {
  const std::vector<std::string>& values = option.known->results();
  return option.row.take && !option.row.alone && !option.row.may_be_empty &&
         std::ranges::find(values, std::string{}) != values.end();
}

Result<void> hand_over(const Declared& option) {
  const std::string name = option.known->get_name();
  if (option.known->count() == 0 || !option.row.take) return {};
  if (option.row.kind == Option::Kind::value) {
    return option.row.take(name, option.value.empty() && option.row.alone ? *option.row.alone : option.value);
  }
  for (const std::string& value : option.values) {
    if (Result<void> taken = option.row.take(name, value); !taken) return taken;
  }
  return {};
}

/// Those of a value or a list.
Result<void> hand_over_defaults(const Declared& option) {
  std::vector<Default> counting = in_force(option.defaults);
  if (option.row.kind == Option::Kind::value && counting.size() > 1) counting = {counting.back()};
  for (const Default& one : counting) {
    if (one.alone && !option.row.alone) return tl::unexpected<Error>{located(one, one.name + " has no value")};
    const Result<void> taken =
        option.row.take(one.name, one.alone ? *option.row.alone : as_meant(option.row, one.value));
    if (!taken) return tl::unexpected<Error>{located(one, taken.error().message)};
  }
  return {};
}

}  // namespace

struct Parser::State {
  explicit State(const Headline& headline) : app{headline.purpose, headline.name}, hint{headline.hint} {}

  Result<std::optional<std::string>> read(std::vector<std::string> arguments) {
    arguments = with_joined_values(options, with_double_dashes(app, std::move(arguments)));
    arguments = with_empty_values(app, arguments);
    const auto wrong = [this](const std::string& what) {
      return fail(ErrorKind::misconfigured, what + " (" + hint + ")");
    };
    if (const auto unknown = unknown_option(app, arguments)) return wrong(*unknown);
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    try {
      app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      return std::optional<std::string>{app.help()};
    } catch (const CLI::ParseError& error) {
      std::string text = error.what();
      std::ranges::replace(text, '\n', ' ');
      return wrong(text);
    }
    for (const Declared& option : options) {
      if (!has_empty_value(option)) continue;
      const std::string name = option.known->get_name();
      return fail(ErrorKind::misconfigured, name + " has an empty value (a variable that is not set?)");
    }
    for (const Declared& option : options) {
      if (!option.left_out || !option.given()) continue;
      const std::string name = option.known->get_name();
      return wrong(name + " and " + opposite(name) + " exclude each other");
    }
    const auto asked = std::ranges::find(options, true, &Declared::asked);
    return asked == options.end() ? std::nullopt : std::optional{asked->row.page};
  }

  /// "--no-NAME" for each, where that is free: it is how a default is left out. Not on the help page.
  void declare_opposites() {
    for (Declared& option : options) {
      if (option.row.kind == Option::Kind::page) continue;
      for (const std::string& name : long_names(option.row.names)) {
        if (app.get_option_no_throw(opposite(name)) != nullptr) continue;
        app.add_flag(opposite(name), option.left_out)->group("");
      }
    }
  }

  /// The row that has the name, or a flag that has the opposite of it.
  struct Meant {
    Declared* option = nullptr;
    bool opposite = false;
  };
  Meant find(const std::string& name) {
    for (const bool opposed : {false, true}) {
      for (Declared& option : options) {
        if (option.row.kind == Option::Kind::page || (opposed && option.row.kind != Option::Kind::flag)) continue;
        for (const std::string& known : long_names(option.row.names)) {
          if (folded(opposed ? opposite(known) : known) == folded(name)) return {&option, opposed};
        }
      }
    }
    return {};
  }

  /// A flag that is configured to be off may have one that says so: "--no-confirm".
  Result<void> take_flag(const Default& one, const Meant& meant) {
    const std::optional<bool> read = boolean(one.value);
    if (!read) {
      return tl::unexpected<Error>{located(one, one.name + " needs true or false, not '" + one.value + "'")};
    }
    const bool on = *read != meant.opposite;
    const Meant other = find(opposite(long_names(meant.option->row.names).front()));
    const bool is_there = other.option != nullptr && !other.opposite;
    if (is_there && other.option->given()) return {};
    *meant.option->row.on = on;
    if (is_there && other.option->row.kind == Option::Kind::flag) *other.option->row.on = !on;
    return {};
  }

  Result<void> take_defaults(const std::vector<Default>& defaults) {
    for (const Default& one : defaults) {
      if (one.option == default_command && command != nullptr) command_line = one.value;
      const Meant meant = find(one.option);
      if (meant.option == nullptr || meant.option->given() || meant.option->left_out) continue;
      if (meant.option->row.kind != Option::Kind::flag) {
        meant.option->defaults.push_back(one);
      } else if (Result<void> taken = take_flag(one, meant); !taken) {
        return taken;
      }
    }
    return {};
  }

  CLI::App app;
  std::string hint;
  std::deque<Declared> options;  // CLI11 keeps their addresses
  std::vector<std::string>* command = nullptr;
  std::string command_line;  ///< of a default
  bool command_is_default = false;
  std::vector<std::string> contradicting;  ///< options, of the last contradiction
};

Parser::Parser(const Headline& headline) : state_{std::make_unique<State>(headline)} {
  CLI::App& app = state_->app;
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.option_defaults()->take_last();  // lists say otherwise
  app.formatter(std::make_shared<HelpPage>(headline.usage));
  app.footer(headline.footer);
}

Parser::~Parser() = default;

void Parser::add(const std::vector<Option>& options) {
  for (const Option& row : options) {
    Declared& option = state_->options.emplace_back();
    option.row = row;
    option.known = declare(state_->app, option);
    if (!row.value_name.empty()) option.known->type_name(row.value_name);
  }
}

void Parser::take_words(std::vector<std::string>& words) {
  state_->app.add_option("words", words)->group("")->take_all();
}

void Parser::take_command(std::vector<std::string>& command) { state_->command = &command; }

Result<std::optional<std::string>> Parser::parse(const std::vector<std::string>& arguments,
                                                 const std::vector<Default>& defaults) {
  State& state = *state_;
  state.declare_opposites();
  auto dashes = arguments.end();
  if (state.command != nullptr) dashes = std::ranges::find(arguments, "--");
  if (dashes != arguments.end()) state.command->assign(std::next(dashes), arguments.end());
  auto page = state.read({arguments.begin(), dashes});
  if (!page || *page) return page;
  if (const Result<void> taken = state.take_defaults(defaults); !taken) return tl::unexpected<Error>{taken.error()};
  state.command_is_default = !state.command_line.empty() && state.command->empty();
  if (state.command_is_default) *state.command = {"sh", "-c", state.command_line};
  for (const Declared& option : state.options) {
    const Result<void> taken = option.given() ? hand_over(option) : hand_over_defaults(option);
    if (!taken) return tl::unexpected<Error>{taken.error()};
  }
  return page;
}

bool Parser::given(const std::string& name) const { return state_->app.count(name) > 0; }

bool Parser::command_is_default() const { return state_->command_is_default; }

std::string Parser::option_of(const std::string& name) const {
  if (name == default_command && state_->command != nullptr) return name;
  const Declared* const option = state_->find(name).option;
  return option == nullptr ? std::string{} : long_names(option->row.names).front().substr(2);
}

bool Parser::is_list(const std::string& option) const {
  const Declared* const found = state_->find(option).option;
  return found != nullptr && found->row.kind == Option::Kind::list;
}

std::vector<std::string> Parser::option_names() const {
  std::vector<std::string> names;
  for (const Declared& option : state_->options) {
    if (option.row.kind == Option::Kind::page) continue;
    for (const std::string& name : long_names(option.row.names)) names.push_back(name.substr(2));
  }
  return names;
}

tl::unexpected<Error> Parser::contradiction(std::vector<std::string> options, std::string why) {
  state_->contradicting = std::move(options);
  return fail(ErrorKind::misconfigured, std::move(why));
}

std::optional<Default> Parser::withdraw(std::vector<Default>& defaults) const {
  const auto concerns = [this](const Default& one, const std::string& option) {
    const std::string named = option_of(one.option);
    return !named.empty() && named == option_of(option);
  };
  std::optional<Default> first;
  std::size_t first_at = defaults.size();
  for (const std::string& option : std::exchange(state_->contradicting, {})) {
    const auto behind = std::ranges::find_if(defaults.rbegin(), defaults.rend(),
                                             [&](const Default& one) { return concerns(one, option); });
    if (behind == defaults.rend() || given(option)) continue;
    const auto at = static_cast<std::size_t>(defaults.rend() - behind) - 1;
    if (at >= first_at) continue;
    first = *behind;
    first_at = at;
  }
  if (first) std::erase_if(defaults, [&](const Default& one) { return concerns(one, first->option); });
  return first;
}

}  // namespace nmz::command_line
