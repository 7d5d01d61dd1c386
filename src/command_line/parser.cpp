#include "nmz/command_line/parser.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
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

/// A row, and what the command line said to it.
struct Declared {
  Option row;
  CLI::Option* known = nullptr;
  std::string value;
  std::vector<std::string> values;
  bool asked = false;  ///< for a page
};

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

}  // namespace

struct Parser::State {
  explicit State(const Headline& headline) : app{headline.purpose, headline.name}, hint{headline.hint} {}

  Result<std::optional<std::string>> read(std::vector<std::string> arguments) {
    arguments = with_double_dashes(app, std::move(arguments));
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
    const auto asked = std::ranges::find(options, true, &Declared::asked);
    return asked == options.end() ? std::nullopt : std::optional{asked->row.page};
  }

  CLI::App app;
  std::string hint;
  std::deque<Declared> options;  // CLI11 keeps their addresses
  std::vector<std::string>* command = nullptr;
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

Result<std::optional<std::string>> Parser::parse(const std::vector<std::string>& arguments) {
  auto dashes = arguments.end();
  if (state_->command != nullptr) dashes = std::ranges::find(arguments, "--");
  if (dashes != arguments.end()) state_->command->assign(std::next(dashes), arguments.end());
  auto page = state_->read({arguments.begin(), dashes});
  if (!page || *page) return page;
  for (const Declared& option : state_->options) {
    if (Result<void> taken = hand_over(option); !taken) return tl::unexpected<Error>{taken.error()};
  }
  return page;
}

bool Parser::given(const std::string& name) const { return state_->app.count(name) > 0; }

}  // namespace nmz::command_line
