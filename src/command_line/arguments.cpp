#include "nmz/command_line/arguments.hpp"

#include <algorithm>
#include <memory>
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

}  // namespace

void set_up(CLI::App& app, std::string usage) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.option_defaults()->take_last();  // lists say otherwise
  app.formatter(std::make_shared<HelpPage>(std::move(usage)));
}

Result<std::optional<std::string>> parse(CLI::App& app, const std::vector<std::string>& arguments,
                                         const std::string& hint) {
  std::vector<std::string> ours = with_double_dashes(app, arguments);
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
  return std::optional<std::string>{};
}

}  // namespace nmz::command_line
