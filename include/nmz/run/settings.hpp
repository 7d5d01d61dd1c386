// What the command line says that both programs understand, and its options, which are declared here alone. Where they
// stand among a program's own is for the program to say.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nmz/cluster/options.hpp"
#include "nmz/command_line/parser.hpp"
#include "nmz/error/result.hpp"
#include "nmz/view/text.hpp"

namespace nmz::run {

/// How a run is told. `automatic`: as text with a status line on a terminal, as plain lines elsewhere.
enum class Ui : std::uint8_t { automatic, text, screen, plain, quiet, json };

struct Settings {
  Settings() = default;
  cluster::Options containers;  ///< without an image everything runs on this machine
  std::uint32_t workers = 0;    ///< 0 = as many as there are CPUs
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds kill_grace{2000};
  std::vector<std::string> environment;  ///< NAME=value
  std::string log_directory;             ///< empty = a new one in the user's state directory
  std::uint64_t log_limit = 0;
  std::string json;
  std::string debug_log;
  Ui ui = Ui::automatic;
  view::Colour colour = view::Colour::automatic;
  view::Verbosity verbosity = view::Verbosity::normal;
  std::optional<view::StatusLevel> status_level;  ///< of a suite
  view::ShowOutput show_output = view::ShowOutput::failed;
  bool explain = false;                ///< a search: why each commit is taken for what it is
  std::string html;                    ///< the report as a page
  std::string svg;                     ///< a search as a picture
  bool serve = false;                  ///< the page to a browser of this machine, while the run goes on
  std::uint16_t serve_port = 0;        ///< 0 = any that is free
  std::vector<std::string> command;    ///< untouched
  std::vector<std::string> arguments;  ///< all of the command line
};

/// Rows of a program's table. This, and the settings, outlive the parser.
class SharedOptions {
 public:
  /// `item`: what the program runs, "test" or "workload". `program`: its name.
  SharedOptions(Settings& settings, std::string program, std::string item);

  [[nodiscard]] command_line::Option workers(std::string names, std::string help);
  [[nodiscard]] command_line::Option kill_grace();
  [[nodiscard]] command_line::Option environment();
  [[nodiscard]] std::vector<command_line::Option> containers(const std::string& image_names,
                                                             const std::string& image_help);
  [[nodiscard]] command_line::Option log_directory();
  [[nodiscard]] command_line::Option log_limit(std::uint64_t mebibytes_by_default);
  /// `more`: what the help page adds.
  [[nodiscard]] command_line::Option json(const std::string& more);
  [[nodiscard]] command_line::Option html();
  [[nodiscard]] command_line::Option svg();
  [[nodiscard]] command_line::Option serve();
  [[nodiscard]] command_line::Option debug_log();
  /// --ui and --color.
  [[nodiscard]] std::vector<command_line::Option> views();
  /// -q, -v, --no-config and --version.
  [[nodiscard]] std::vector<command_line::Option> last(std::string quiet_help, std::string verbose_help);

  /// What the options say together. Errors (misconfigured): one line.
  [[nodiscard]] Result<void> check(command_line::Parser& parser);
  /// Without --no-config.
  [[nodiscard]] bool configured() const { return !no_config_; }

 private:
  Settings& settings_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  [[nodiscard]] Result<void> settle_view(command_line::Parser& parser);

  std::string program_;
  std::string item_;
  std::string image_names_;
  bool quiet_ = false;
  bool verbose_ = false;
  bool no_config_ = false;
};

/// For whatever shows a run.
[[nodiscard]] command_line::Option ui_option(Ui& ui);
[[nodiscard]] command_line::Option colour_option(view::Colour& colour);

/// Reports that an option each asks for, by name: two of them cannot share a file, nor standard output. Errors
/// (misconfigured).
[[nodiscard]] Result<void> check_reports(const std::vector<std::pair<std::string, std::string>>& reports,
                                         command_line::Parser& parser);

}  // namespace nmz::run
