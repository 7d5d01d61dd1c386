#include "nmz/run/settings.hpp"

#include <utility>

#include "nmz/command_line/values.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::run {
using command_line::Option;

namespace {

constexpr std::uint64_t most_workers = 10000;

Result<std::uint32_t> parse_workers(const std::string& option, const std::string& text) {
  if (text == "auto") return 0;
  return command_line::parse_count(option, text, most_workers).map([](std::uint64_t read) {
    return static_cast<std::uint32_t>(read);
  });
}

}  // namespace

Option ui_option(Ui& ui) {
  return command_line::value("--ui", "VIEW",
                             command_line::one_of<Ui>(ui,
                                                      {{"auto", Ui::automatic},
                                                       {"text", Ui::text},
                                                       {"screen", Ui::screen},
                                                       {"plain", Ui::plain},
                                                       {"quiet", Ui::quiet},
                                                       {"json", Ui::json}},
                                                      command_line::is_one_of),
                             "How it is shown: text (a status line below the lines), screen (all of the terminal; ? "
                             "tells its keys), plain (lines alone), quiet (as -q), json (as --json -), auto (text on a "
                             "terminal, else plain) [auto]");
}

Option colour_option(view::Colour& colour) {
  return command_line::value(
      "--color", "WHEN",
      command_line::one_of<view::Colour>(
          colour, {{"auto", view::Colour::automatic}, {"always", view::Colour::always}, {"never", view::Colour::never}},
          command_line::is_one_of),
      "Colours: auto (on a terminal; see NO_COLOR and CLICOLOR_FORCE), always, never [auto]");
}

SharedOptions::SharedOptions(Settings& settings, std::string program, std::string item)
    : settings_{settings}, program_{std::move(program)}, item_{std::move(item)} {}

Option SharedOptions::workers(std::string names, std::string help) {
  return command_line::value(std::move(names), "N", command_line::stored(settings_.workers, parse_workers),
                             std::move(help));
}

Option SharedOptions::kill_grace() {
  return command_line::value("--kill-grace", "TIME", command_line::time(settings_.kill_grace),
                             "Time between TERM and KILL for a " + item_ + " that is ended [2s]");
}

Option SharedOptions::environment() {
  return command_line::list("--env", "NAME[=VALUE]", command_line::variables(settings_.environment),
                            "Set NAME=VALUE for the command, or NAME to its value here; may be repeated");
}

std::vector<Option> SharedOptions::containers(const std::string& image_names, const std::string& image_help) {
  image_names_ = image_names;
  return cluster::option_table(settings_.containers, image_names, image_help);
}

Option SharedOptions::log_directory() {
  return command_line::value("--log-dir", "DIR", command_line::text(settings_.log_directory),
                             "Where logs are kept [a new one in the user's state directory; there those of the last "
                             "50 runs or 30 days, whichever is more, stay]");
}

Option SharedOptions::log_limit(std::uint64_t mebibytes_by_default) {
  settings_.log_limit = mebibytes_by_default << 20;
  return command_line::value("--log-limit", "MIB", command_line::mebibytes(settings_.log_limit),
                             "Most MiB kept of a " + item_ + "'s output; the rest is cut from its middle [" +
                                 std::to_string(mebibytes_by_default) + "]");
}

Option SharedOptions::json(const std::string& more) {
  return command_line::value("--json", "FILE", command_line::text(settings_.json),
                             "Write the events as JSON lines to FILE (- is standard output" + more + ")");
}

Option SharedOptions::html() {
  return command_line::value("--html", "FILE", command_line::text(settings_.html),
                             "Write a report for a browser to FILE, also while it goes on (- is standard output)");
}

Option SharedOptions::svg() {
  return command_line::value("--svg", "FILE", command_line::text(settings_.svg),
                             "Write a picture of the search to FILE (- is standard output)");
}

Option SharedOptions::serve() {
  constexpr std::uint16_t last_port = 65535;
  auto take = [this, port = command_line::count(settings_.serve_port, last_port, 0)](const std::string& option,
                                                                                     const std::string& value) {
    settings_.serve = true;
    return port(option, value);
  };
  return command_line::or_alone_joined(
      command_line::value("--serve", "[=PORT]", std::move(take),
                          "Show the run to a browser on this machine while it goes on, at an address that is told "
                          "[a free port]"),
      "0");
}

Option SharedOptions::debug_log() {
  return command_line::value("--debug-log", "FILE", command_line::text(settings_.debug_log),
                             "Write what the program does and why to FILE, for bug reports (- is standard output); "
                             "see NMZ_LOG");
}

std::vector<Option> SharedOptions::views() { return {ui_option(settings_.ui), colour_option(settings_.colour)}; }

std::vector<Option> SharedOptions::last(std::string quiet_help, std::string verbose_help) {
  return {command_line::flag("-q,--quiet", quiet_, std::move(quiet_help)),
          command_line::flag("-v,--verbose", verbose_, std::move(verbose_help)),
          command_line::flag("--no-config", no_config_,
                             "Read no configuration; --no-NAME leaves out what it says of the option --NAME"),
          command_line::page("--version", program_ + " " NMZ_VERSION "\n", "Print the version and exit")};
}

/// What -q, -v and --json say of the same thing.
Result<void> SharedOptions::settle_view(command_line::Parser& parser) {
  const bool silent = settings_.ui == Ui::quiet || settings_.ui == Ui::json;
  if (quiet_ && !silent && settings_.ui != Ui::automatic) {
    return parser.contradiction({"--quiet", "--ui"}, "--quiet goes with --ui quiet, json or auto");
  }
  if (verbose_ && settings_.ui == Ui::quiet) {
    return parser.contradiction({"--verbose", "--ui"}, "--verbose and --ui quiet exclude each other");
  }
  if (silent && !verbose_) settings_.verbosity = view::Verbosity::quiet;
  if (settings_.ui != Ui::json) return {};
  if (!settings_.json.empty() && settings_.json != output::standard_output) {
    return parser.contradiction({"--json", "--ui"}, "--ui json is --json -: the events go to one place");
  }
  settings_.json = output::standard_output;
  return {};
}

Result<void> SharedOptions::check(command_line::Parser& parser) {
  if (quiet_ && verbose_) {
    return parser.contradiction({"--quiet", "--verbose"}, "--quiet and --verbose exclude each other");
  }
  if (quiet_) settings_.verbosity = view::Verbosity::quiet;
  if (verbose_) settings_.verbosity = view::Verbosity::verbose;
  if (auto settled = settle_view(parser); !settled) return settled;
  Result<void> checked = cluster::check(settings_.containers, image_names_, parser);
  if (settings_.containers.name.empty()) settings_.containers.name = program_;
  if (!checked || settings_.command.empty() || !settings_.command.front().empty()) return checked;
  return fail(ErrorKind::misconfigured, "the command's name is empty");
}

Result<void> check_reports(const std::vector<std::pair<std::string, std::string>>& reports,
                           command_line::Parser& parser) {
  for (auto one = reports.begin(); one != reports.end(); ++one) {
    for (auto other = reports.begin(); other != one; ++other) {
      const Result<void> apart = output::check_apart({{other->first, other->second}, {one->first, one->second}});
      if (!apart) return parser.contradiction({other->first, one->first}, apart.error().message);
    }
  }
  return {};
}

}  // namespace nmz::run
