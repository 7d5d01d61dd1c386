#include "nmz/run/commands.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/logs/pruning.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/display.hpp"
#include "nmz/run/portable.hpp"
#include "nmz/run/replay.hpp"
#include "nmz/run/settings.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/json_lines.hpp"
#include "nmz/view/page.hpp"
#include "nmz/view/picture.hpp"
#include "nmz/view/text.hpp"

#include "answer.hpp"
#include "pace.hpp"

namespace nmz::run {
namespace {

using Clock = std::chrono::system_clock;

struct ShowOptions {
  ShowOptions() = default;
  std::string run = "last";
  std::string json;
  std::string html;
  std::string svg;
  Ui ui = Ui::automatic;
  view::Colour colour = view::Colour::automatic;
  double speed = 0;  ///< 0 = all at once
  bool quiet = false;
  bool verbose = false;
  bool explain = false;
};

Error wrong(std::string message) { return {ErrorKind::misconfigured, std::move(message)}; }

/// Where a run says what it says: a search's answer is alone on standard output.
std::FILE* text_stream(events::Kind kind) { return kind == events::Kind::search ? stderr : stdout; }

view::TextStyle style_of(std::FILE* stream, const ShowOptions& options) {
  const view::Verbosity verbosity = options.quiet     ? view::Verbosity::quiet
                                    : options.verbose ? view::Verbosity::verbose
                                                      : view::Verbosity::normal;
  view::TextStyle style = view::TextStyle::for_stream(stream, verbosity, options.colour);
  style.live = style.live && options.speed > 0 && options.ui != Ui::plain;  // at once it is over
  style.explain = options.explain;
  return style;
}

/// All the ways in which a run is shown at once.
class Views final : public events::Consumer {
 public:
  Views(const Program& program, const ShowOptions& options, events::Kind kind) : options_{options} {
    if (!options.svg.empty() && kind != events::Kind::search) throw StepFailed{wrong("--svg is for searches")};
    if (!options.json.empty()) json_ = need(view::JsonLines::open(options.json, kind));
    if (!options.html.empty()) {
      page_ = std::make_unique<view::Page>(options.html, kind, program.name, view::Page::Pace::at_the_end);
    }
    if (!options.svg.empty()) picture_ = std::make_unique<view::Picture>();
    if (is_text()) screen_ = open_screen(program, kind, options.ui, options.colour);
    if (screen_) screen_->set_replay();
    if (is_text() && !screen_)
      text_ = std::make_unique<view::Text>(text_stream(kind), kind, style_of(text_stream(kind), options));
  }

  void show(const events::Event& event, events::Seconds now) override {
    for (events::Consumer* const one : std::initializer_list<events::Consumer*>{
             json_.get(), page_.get(), picture_.get(), text_.get(), screen_.get()}) {
      if (one != nullptr) one->show(event, now);
    }
  }
  [[nodiscard]] bool is_text() const { return options_.json.empty() && options_.html.empty() && options_.svg.empty(); }
  [[nodiscard]] screen::Screen* screen() const { return screen_.get(); }
  void close() {
    if (json_) need(json_->close());
    if (page_) need(page_->close());
    if (picture_) need(view::write_picture(options_.svg, *picture_));
  }

 private:
  const ShowOptions& options_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::unique_ptr<view::JsonLines> json_;
  std::unique_ptr<view::Page> page_;
  std::unique_ptr<view::Picture> picture_;
  std::unique_ptr<view::Text> text_;
  std::unique_ptr<screen::Screen> screen_;
};

/// Until somebody has seen it.
void look_at(Views& views) {
  constexpr std::chrono::milliseconds glance{200};
  while (views.screen() != nullptr && views.screen()->attend(glance)) {
  }
}

/// What -q, -v and --ui say together.
void settle(ShowOptions& options) {
  if (options.quiet && options.verbose) throw StepFailed{wrong("--quiet and --verbose exclude each other")};
  const bool silent = options.ui == Ui::quiet || options.ui == Ui::json;
  if (options.quiet && !silent && options.ui != Ui::automatic) {
    throw StepFailed{wrong("--quiet goes with --ui quiet, json or auto")};
  }
  if (options.verbose && options.ui == Ui::quiet) {
    throw StepFailed{wrong("--verbose and --ui quiet exclude each other")};
  }
  options.quiet = options.quiet || options.ui == Ui::quiet;
  if (options.ui == Ui::json && !options.json.empty() && options.json != output::standard_output) {
    throw StepFailed{wrong("--ui json is --json -: the events go to one place")};
  }
  if (options.ui == Ui::json) options.json = output::standard_output;
}

int show_run(const Program& program, ShowOptions options) {
  settle(options);
  std::optional<UnpackedRun> unpacked;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(options.run, ignored)) unpacked.emplace(need(unpack_run(options.run)));
  const std::filesystem::path directory = unpacked ? unpacked->directory() : need(find_run(options.run, program.name));
  need(output::check_apart({{"--json", options.json}, {"--html", options.html}, {"--svg", options.svg}}));
  std::unique_ptr<Views> views;
  Pace pace{options.speed};
  const auto make = [&](events::Kind kind) -> events::Consumer& {
    views = std::make_unique<Views>(program, options, kind);
    if (views->screen() != nullptr) views->screen()->set_controls(pace.controls());
    return *views;
  };
  const auto wait = [&](events::Seconds until) { return pace.wait(until, views->screen()); };
  const Replayed replayed = need(replay(directory, make, wait));
  look_at(*views);
  views->close();
  if (views->is_text() && views->screen() == nullptr) {
    output::print(output::without_commands(replayed.end.search.answer));
    if (!replayed.end.message.empty()) output::complain(program.name, replayed.end.message);
  }
  if (!replayed.ended && !replayed.stopped)
    output::complain(program.name, "this is not its end: the run was killed, or goes on");
  return 0;
}

int export_run(const Program& program, const std::vector<std::string>& words) {
  if (words.size() > 2) throw StepFailed{wrong("unexpected argument '" + words[2] + "'")};
  std::filesystem::path directory = need(find_run(words.empty() ? "last" : words.front(), program.name));
  if (!directory.has_filename()) directory = directory.parent_path();
  const std::string file = words.size() == 2 ? words[1] : directory.filename().string() + ".tar.gz";
  need(pack_run(directory, file));
  if (file != output::standard_output) output::print(fmt::format("{}\n", text::printable(file)));
  return 0;
}

void list_runs(const std::filesystem::path& place) {
  std::string text;
  for (const logs::KeptRun& run : logs::kept_runs(place)) {
    text += fmt::format("{}  {}{}\n", output::local_minute(run.last_change), text::printable(run.name),
                        run.going_on ? "  (goes on)" : "");
  }
  output::print(output::without_commands(text));
}

void prune(const Program& program, const std::filesystem::path& place) {
  const logs::Pruned pruned = logs::prune(place, Clock::now());
  for (const std::string& line : pruned.left) output::complain(program.name, line);
  output::print(fmt::format("removed the logs of {} run{}\n", pruned.runs, pruned.runs == 1 ? "" : "s"));
}

}  // namespace

int show_command(const Program& program, const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Shows a run again: what it printed, its events, or its reports.";
  line.usage = fmt::format(
      "Usage: {0} show [OPTION...] [RUN]\n"
      "       RUN: its log directory, that one's name (see {0} logs), a file of {0} export, or last\n",
      program.name);
  line.hint = fmt::format("see {} show --help", program.name);
  command_line::Parser parser{line};
  ShowOptions options;
  std::vector<std::string> words;
  parser.take_words(words);
  parser.add({command_line::value("--json", "FILE", command_line::text(options.json),
                                  "Write its events as JSON lines to FILE (- is standard output)"),
              command_line::value("--html", "FILE", command_line::text(options.html),
                                  "Write its report for a browser to FILE"),
              command_line::value("--svg", "FILE", command_line::text(options.svg), "Write a search's picture to FILE"),
              ui_option(options.ui), colour_option(options.colour),
              command_line::value("--speed", "X", command_line::stored(options.speed, parse_speed),
                                  "Show it as fast as it happened (1), X times as fast, or at once (max) [max]"),
              command_line::flag("-q,--quiet", options.quiet, "As the run with this option"),
              command_line::flag("-v,--verbose", options.verbose, "As the run with this option")});
  if (program.kind == events::Kind::search) {
    parser.add({command_line::flag("--explain", options.explain, "Say why each commit was taken for what it is")});
  }
  return answer(program, parser, arguments, [&] {
    if (words.size() > 1) throw StepFailed{wrong("unexpected argument '" + words[1] + "'")};
    if (!words.empty()) options.run = words.front();
    return show_run(program, options);
  });
}

int export_command(const Program& program, const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Makes one file of a run, with its logs, which can be shown anywhere.";
  line.usage = fmt::format(
      "Usage: {0} export [RUN [FILE]]\n"
      "       RUN: as for {0} show, which shows FILE as well; FILE: - is standard output [RUN.tar.gz]\n",
      program.name);
  line.hint = fmt::format("see {} export --help", program.name);
  command_line::Parser parser{line};
  std::vector<std::string> words;
  parser.take_words(words);
  return answer(program, parser, arguments, [&] { return export_run(program, words); });
}

int logs_command(const Program& program, const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Lists the runs whose logs are kept, or removes old ones.";
  line.usage = fmt::format(
      "Usage: {0} logs           (the runs, the newest first)\n"
      "       {0} logs prune     (removes what a run removes at its end)\n",
      program.name);
  line.footer =
      "\nKept are the logs of the last 50 runs or of the last 30 days, whichever is more, and whatever\n"
      "--log-dir named.\n";
  line.hint = fmt::format("see {} logs --help", program.name);
  command_line::Parser parser{line};
  std::vector<std::string> words;
  parser.take_words(words);
  return answer(program, parser, arguments, [&] {
    const bool prunes = words == std::vector<std::string>{"prune"};
    if (!words.empty() && !prunes) throw StepFailed{wrong("unexpected argument '" + words.front() + "'")};
    const std::filesystem::path place = need(installation::state_directory());
    if (prunes) {
      prune(program, place);
    } else {
      list_runs(place);
    }
    return 0;
  });
}

}  // namespace nmz::run
