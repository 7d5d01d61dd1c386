// The options of Namazu Swarm as it was published (-source, -replicas, -chunks, -target, -push, -orchestrator,
// -docker-stack) mean what they meant.
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "nmz/command_line/values.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/config_command.hpp"

#include "command_template.hpp"
#include "earlier_command.hpp"
#include "option_values.hpp"
#include "swarm.hpp"
#include "telling_options.hpp"

namespace nmz::nmzswarm {
namespace {

using command_line::count;
using command_line::flag;
using command_line::list;
using command_line::or_alone;
using command_line::or_empty;
using command_line::text;
using command_line::texts;
using command_line::value;
using Table = std::vector<command_line::Option>;

constexpr std::uint64_t most = 1000000;  // chunks, failures, restarts

constexpr const char* usage =
    "Usage: nmzswarm --source IMAGE [OPTION...] [-- COMMAND [ARG...]]\n"
    "       nmzswarm --runner RUNNER [OPTION...] [-- WORD...]     (the tests of pytest, ctest, ...)\n"
    "       nmzswarm --workloads FILE [OPTION...] -- COMMAND [ARG...]\n"
    "       nmzswarm [OPTION...] -- COMMAND [ARG...] ::: WORKLOAD...\n"
    "       nmzswarm gc [--all] [--host HOST] [--context NAME]\n"
    "       nmzswarm gc --orchestrator kubernetes [--all] [--context NAME] [--namespace NAME]\n"
    "       nmzswarm kubernetes role [--namespace NAME]\n"
    "       nmzswarm history [SUITE]     (what is remembered of earlier runs; see nmzswarm history --help)\n"
    "       nmzswarm show [RUN]     (an earlier run again; see nmzswarm show --help)\n"
    "       nmzswarm export [RUN]   (a run as one file, for another machine)\n"
    "       nmzswarm logs [prune]     (the runs whose logs are kept; remove old ones)\n"
    "       nmzswarm config [KEY]     (what git's configuration says of these options, and where)\n"
    "       nmzswarm trust     (let this repository's .nmzconfig count)\n"
    "       nmzswarm doctor     (what a report of a bug should tell of this machine)\n";

constexpr std::string_view usage_examples = R"(
Examples:
  nmzswarm --runner pytest
      Lists the tests once and runs them in groups, on all CPUs; `-- tests/unit -k fast` is given to pytest.
  nmzswarm --runner junit-files -- 'target/surefire-reports/*.xml' mvn -q surefire:test '-Dtest={class},...'
      Any tool that writes JUnit XML: the reports of its last run are the list, and their classes are given to mvn.
  nmzswarm -source dummy -replicas 10
      The image's label net.osrg.namazu-swarm.v0.master.script prints the workloads, one a line; each is given to
      its label net.osrg.namazu-swarm.v0.worker.script on standard input, in one of 10 containers.
  ls tests/*.sh | nmzswarm --workloads - --replicas 8 -- sh
      The same on this machine, without an image: `sh` reads "tests/NAME.sh" from its standard input.
  nmzswarm -- ./run-test {} ::: tests/*.sh
  find tests -name '*.sh' -print0 | nmzswarm -0 -- ./run-test --log {/.}.log {}
      As with GNU parallel: {} is the workload, {.} without its extension, {/} its last part, {//} its directory, {/.}
      its last part without extension, {#} its number. In the script of `sh -c` it is a variable, never a text to be
      read as shell. Nothing is on standard input then. Without any of them, what ::: lists stands behind the command.
  nmzswarm --workloads tests.txt --filter '^net/' --timeout 5m -- sh -c './run-test "$NMZ_WORKLOAD"'
      The workload is also in the environment, with NMZ_WORKER and NMZ_ATTEMPT.
  nmzswarm --workloads tests.txt --repeat 500 --stress-cpu 2 -- sh -c './run-test "$NMZ_WORKLOAD"'
      How often does each test fail? Every run has an NMZ_SEED and an NMZ_RUN of its own; what fails is shown with the
      command that repeats it. See also --until-fail, --for and --stop-at-width.
  nmzswarm --runner pytest --classify
      Why did it fail? What failed runs again in several settings, and is told to be genuine, flaky, a matter of
      contention, of the time limit, or of the order.
  nmzswarm --orchestrator funker --endpoint worker-1,worker-2 --workloads tests.txt -chunks 20
      Calls workers of Namazu Swarm v0 that are running, or nmzagent funker; their command is their own.
  nmzswarm -source suite -replicas 30 -chunks 30 --shuffle --seed 7
      Static chunks as Namazu Swarm published them: one invocation and one verdict for each chunk.

A workload passes when the command's exit status is 0, and is skipped when it is 77 or 125 (--skip-code).

SIGUSR1 starts one worker more while it runs, SIGUSR2 lets one go when it has ended its workload.

With GITHUB_ACTIONS=true the first ten failures become annotations of the step.

Exit status: 0 all passed or skipped; 1 failures; 2 nothing to run; 3 the workers or the list failed; 128 usage; 130 interrupted.
)";

/// What says something only together with others.
struct Words {
  std::vector<std::string> free;
  std::vector<std::string> from_files;  ///< of --env-file
  bool no_history = false;
  bool null = false;
  std::optional<std::string> skip_codes;
};

/// "5x".
Result<void> take_factor(std::string text, Options& options) {
  text.pop_back();
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, options.timeout_factor);
  constexpr double largest = 1e6;
  const bool whole = error == std::errc{} && end == last;
  if (whole && options.timeout_factor >= 1 && options.timeout_factor <= largest) return {};
  return fail(ErrorKind::misconfigured, "--timeout needs a time, or a factor from 1 such as 5x, not '" + text + "x'");
}

command_line::Take timeout(Options& options) {
  return [&options](const std::string& option, const std::string& text) {
    return text.ends_with('x') ? take_factor(text, options) : command_line::time(options.timeout)(option, text);
  };
}

command_line::Take chunks(Options& options) {
  return [&options](const std::string& option, const std::string& text) {
    options.chunked = true;
    options.chunks = 0;  // one for each worker
    return text == "0" ? Result<void>{} : count(options.chunks, most)(option, text);
  };
}

/// Automake's 77, and the 125 of `git bisect run`. An image's own script is the contract of Namazu Swarm v0, whose
/// verdict is zero or not; and a chunk that ends so tells nothing about each of its workloads.
Result<void> settle_skip_codes(Options& options, const std::optional<std::string>& asked) {
  const bool usual = !(options.command.empty() && options.runner.empty()) && !options.chunked;
  auto codes = parse_codes(asked ? *asked : usual ? "77,125" : "none");
  if (!codes) return tl::unexpected<Error>{codes.error()};
  options.skip_codes = std::move(*codes);
  return {};
}

Result<std::uint64_t> parse_seed(const std::string& option, const std::string& text) {
  std::uint64_t seed = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, seed);
  if (error == std::errc{} && end == last) return seed;
  return fail(ErrorKind::misconfigured, option + " needs a whole number, not '" + text + "'");
}

command_line::Take endpoints(Options& options) {
  return [&options](const std::string& option, const std::string& text) {
    return orchestrator::parse_funker_places(text)
        .map([&](std::vector<orchestrator::FunkerPlace>&& places) {
          auto& all = options.containers.endpoints;
          all.insert(all.end(), std::make_move_iterator(places.begin()), std::make_move_iterator(places.end()));
        })
        .map_error([&](Error&& error) {
          error.message = option + ' ' + error.message;
          return std::move(error);
        });
  };
}

Table list_options(Options& options, Words& words) {
  const auto shard = [&options](const std::string& /*option*/, const std::string& text) {
    return parse_shard(text, options.selection);
  };
  return {
      value(
          "--runner", "RUNNER", text(options.runner),
          "Run the tests of pytest, unittest, ctest, gtest, go, cargo, jest, vitest, mocha, node, bats, prove, meson, "
          "make-check, of any tool that writes JUnit XML files (junit-files), or of a runner that the file RUNNER "
          "describes; auto: by the files here. What the runner takes goes after --"),
      value("--workloads", "FILE", text(options.workloads),
            "Read the workloads from FILE (- is standard input, as it is without this option unless it is a terminal), "
            "one a line"),
      flag("-0,--null", words.null, "In FILE a NUL is behind each workload, as find -print0 writes them"),
      or_empty(value("-I,--replace", "TEXT", text(options.place),
                     "What stands for the workload in the command, in place of {}; empty: nothing is replaced")),
      or_empty(list("--filter", "REGEX", texts(options.selection.filters),
                    "Only workloads that match this extended regular expression; may be repeated (one has to match)")),
      or_empty(
          list("--exclude", "REGEX", texts(options.selection.excludes), "No workloads that match; may be repeated")),
      value("--shard", "I/N", shard, "Only the I-th of N parts of the list"),
      value(
          "--on-failure", "WHAT",
          command_line::one_of<bool>(options.bisect_failures, {{"nothing", false}, {"bisect", true}},
                                     command_line::needs),
          "When tests of a --runner have failed: nothing, or bisect: search with nmzbisect for the commits that broke "
          "them since each passed last [nothing]"),
      value("--no-tests", "RESULT",
            command_line::one_of<bool>(options.no_tests_pass, {{"pass", true}, {"fail", false}}, command_line::needs),
            "Whether it is well that nothing is to be run: pass, or fail (exit status 2) [fail]"),
      flag("--list", options.list_only, "Print the workloads and exit (with --workloads)"),
  };
}

Table running_options(Options& options, Words& words, run::SharedOptions& shared) {
  const auto read_file = [&words](const std::string& /*option*/, const std::string& path) {
    return read_environment_file(path, words.from_files);
  };
  return {
      shared.workers("-j,--replicas,--jobs", "Workers; auto is the number of CPUs, here or in the cluster [auto]"),
      value("--chunks", "N", chunks(options),
            "Cut the list into N static chunks with one verdict each; 0: one for each worker [each workload is an "
            "execution of its own]"),
      flag("--shuffle", options.shuffle, "Shuffle the list"),
      value("--seed", "N", command_line::stored(options.seed, parse_seed),
            "The seed of --shuffle, or of the first run of --repeat [random, and told]"),
      value("--timeout", "TIME", timeout(options),
            "End a workload after this time (10, 1.5s, 5m, 1h), or after a multiple of what the history expects (5x; "
            "at least 5 s)"),
      shared.kill_grace(),
      value(
          "--skip-code", "CODES",
          [&words](const std::string& /*option*/, const std::string& text) {
            words.skip_codes = text;
            return Result<void>{};
          },
          "Exit codes of the command that mean skipped, with commas between them, or none [77,125; none with --chunks "
          "and for an image's own script]"),
      or_alone(value("--isolate", "WHAT",
                     command_line::one_of<Isolate>(
                         options.isolate,
                         {{"none", Isolate::none}, {"world", Isolate::world}, {"network", Isolate::network}}),
                     "On this machine, what each worker has for itself: none; world: /tmp, processes, IPC, and what is "
                     "written below this directory, which is lost at the end; network: also a network, with a loopback "
                     "of its own, so that ports do not collide, and a way out through pasta where it is installed "
                     "[none; alone: world]"),
               "world"),
      or_alone(value("--fail-fast", "K", count(options.fail_fast, most), "End the run after K failures [1]"), "1"),
      value("--max-worker-restarts", "N", count(options.max_worker_restarts, most, 0),
            "How often a worker that was lost is started again until it is done without [5]"),
      list("--endpoint", "HOST:PORT", endpoints(options),
           "Where the workers of --orchestrator funker are, with commas between them; may be repeated [port 9999]"),
      flag("--speculate", options.speculate,
           "When workers are idle at the end, run what lasts unusually long a second time; the first result counts "
           "(the workloads have to bear it)"),
      shared.environment(),
      list("--env-file", "FILE", read_file, "Set what FILE says, one NAME=VALUE or NAME a line; may be repeated"),
      value("--history", "FILE", text(options.history),
            "Where durations are remembered, to start the longest first [in the user's data directory]"),
      flag("--no-history", words.no_history, "Neither read nor write it"),
  };
}

Table output_options(Options& options, run::SharedOptions& shared) {
  constexpr std::uint64_t log_mebibytes = 256;
  return {
      shared.log_directory(),
      shared.log_limit(log_mebibytes),
      shared.json(""),
      shared.html(),
      shared.serve(),
      value("--junit", "FILE", text(options.reports.junit),
            "Write a JUnit XML report to FILE at the end (- is standard output, for each report)"),
      value("--trace", "FILE", text(options.reports.trace),
            "Write what ran where and when to FILE, for chrome://tracing, Perfetto or Speedscope"),
      shared.debug_log(),
  };
}

/// What is asked for on standard output is there alone.
Result<void> check_reports(const Options& options, command_line::Parser& parser) {
  const std::string list = options.list_only ? output::standard_output : "";
  return run::check_reports({{"--list", list},
                             {"--json", options.json},
                             {"--html", options.html},
                             {"--junit", options.reports.junit},
                             {"--trace", options.reports.trace},
                             {"--debug-log", options.debug_log}},
                            parser);
}

/// A runner has a list and a command of its own.
Result<void> check_runner(const Options& options, command_line::Parser& parser) {
  if (options.apart.any()) {
    return parser.contradiction(
        {"--exclusive", "--group", "--needs", "--runner"},
        "--runner goes with none of --exclusive, --group and --needs: its tests share processes");
  }
  if (!options.workloads.empty()) {
    return parser.contradiction({"--runner", "--workloads"}, "--runner and --workloads exclude each other");
  }
  if (options.chunked)
    return parser.contradiction({"--runner", "--chunks"}, "--runner and --chunks exclude each other");
  if (options.bisect_failures && options.again.hunts()) {
    std::vector<std::string> names = hunting_options;
    names.emplace_back("--on-failure");
    return parser.contradiction(names, "--on-failure bisect and --repeat exclude each other");
  }
  if (options.bisect_failures && !options.containers.image.empty()) {
    return parser.contradiction(
        {"--on-failure"},
        "--on-failure bisect is for tests on this machine: which commit is in an image nobody knows "
        "(nmzbisect --image --runner searches in containers)");
  }
  if (options.bisect_failures && !options.use_history) {
    return parser.contradiction({"--on-failure", "--no-history"},
                                "--on-failure bisect asks the history where tests passed last, and excludes "
                                "--no-history");
  }
  if (!options.list_only) return {};
  return parser.contradiction({"--list"}, "--list needs --workloads FILE");
}

bool calls_workers(const Options& options) { return options.containers.kind == cluster::Kind::funker; }

/// A call takes the workloads to a worker, and nothing else.
Result<void> check_calls(const Options& options, command_line::Parser& parser) {
  if (!options.command.empty()) {
    return parser.contradiction({"--orchestrator"},
                                "the workers of --orchestrator funker have a command of their own: none goes after --");
  }
  for (const char* const name : {"--runner", "--isolate", "--env", "--env-file", "--replace", "--skip-code",
                                 "--kill-grace", "--stress-cpu", "--on-failure"}) {
    if (!parser.given(name)) continue;
    return parser.contradiction({name, "--orchestrator"},
                                std::string{name} +
                                    " does not reach the workers of --orchestrator funker: they are "
                                    "given workloads alone");
  }
  if (options.workloads.empty() && !options.ids) {
    return fail(ErrorKind::misconfigured,
                "what to run is missing: --orchestrator funker has no list of its own (--workloads FILE)");
  }
  return {};
}

Result<void> check_rest(const Options& options, command_line::Parser& parser) {
  if (calls_workers(options)) {
    if (Result<void> checked = check_calls(options, parser); !checked) return checked;
  }
  if (options.speculate && options.again.hunts()) {
    std::vector<std::string> names = hunting_options;
    names.emplace_back("--speculate");
    return parser.contradiction(names, "--speculate and --repeat exclude each other: each run of a hunt counts once");
  }
  if (options.speculate && options.again.classify.most_runs > 0) {
    return parser.contradiction(
        {"--classify", "--speculate"},
        "--classify and --speculate exclude each other: copies would run beside what runs alone");
  }
  if (const auto sound = constraints(options.apart, {}); !sound) return tl::unexpected<Error>{sound.error()};
  if (options.speculate && options.apart.any()) {
    return parser.contradiction({"--exclusive", "--group", "--needs", "--speculate"},
                                "--speculate runs copies, and goes with none of --exclusive, --group and --needs");
  }
  if (!options.runner.empty()) return check_runner(options, parser);
  if (options.bisect_failures) {
    return parser.contradiction({"--on-failure"}, "--on-failure bisect needs tests of a --runner");
  }
  const bool image = !options.containers.image.empty();
  if (image && options.isolate != Isolate::none) {
    return parser.contradiction({"--isolate"}, "--isolate is for workers on this machine; containers are apart anyway");
  }
  if (options.ids && !options.workloads.empty()) {
    return parser.contradiction({"--workloads"}, "--workloads and ::: exclude each other: both are the list");
  }
  if (options.chunked && (options.ids || CommandTemplate{options.command, place_of(options)}.has_places())) {
    return parser.contradiction({"--chunks", "--replace"},
                                "--chunks goes with neither ::: nor {}: a chunk's workloads are on standard input");
  }
  if (!image && options.workloads.empty() && !options.ids) {
    return fail(ErrorKind::misconfigured,
                "what to run is missing: nmzswarm --source IMAGE, or --workloads FILE -- COMMAND (see nmzswarm "
                "--help)");
  }
  if (options.list_only) {
    if (!options.workloads.empty() || options.ids) return {};
    return parser.contradiction({"--list"}, "--list needs --workloads FILE");
  }
  if (image || !options.command.empty() || calls_workers(options)) return {};
  return fail(ErrorKind::misconfigured, "the command is missing: nmzswarm --workloads FILE -- COMMAND [ARG...]");
}

/// "COMMAND ::: a b c": what is behind it is the list.
Result<void> split_off_list(Options& options) {
  constexpr const char* sign = ":::";
  const auto first = std::ranges::find(options.command, sign);
  if (first == options.command.end()) return {};
  options.ids.emplace(std::next(first), options.command.end());
  options.command.erase(first, options.command.end());
  if (std::ranges::find(*options.ids, sign) == options.ids->end()) return {};
  return fail(ErrorKind::misconfigured, "only one ::: is understood: write the combinations as a list of workloads");
}

/// As GNU parallel and xargs do: what comes through a pipe is the list, where nothing else is.
void read_standard_input(Options& options) {
  const bool listed =
      options.ids || !options.workloads.empty() || !options.containers.image.empty() || !options.runner.empty();
  const bool has_command = !options.command.empty() || calls_workers(options);
  if (listed || !has_command || options.again.rerun != Rerun::nothing) return;
  if (::isatty(STDIN_FILENO) == 0) options.workloads = "-";
}

/// What is configured for workers of another kind does not reach those that are called.
void settle_calls(Options& options, const command_line::Parser& parser) {
  if (!calls_workers(options)) return;
  if (!parser.given("--runner")) options.runner.clear();
  if (!parser.given("--on-failure")) options.bisect_failures = false;
  if (!parser.given("--isolate")) options.isolate = Isolate::none;
  if (!parser.given("--source")) options.containers.image.clear();
  if (parser.command_is_default()) options.command.clear();
}

/// What follows from several options together.
void settle(Options& options, const Words& words) {
  auto& environment = options.environment;  // --env has the last word
  environment.insert(environment.begin(), words.from_files.begin(), words.from_files.end());
  if (words.null) options.separator = Separator::nul;
  read_standard_input(options);
  if (options.seed) options.shuffle = !options.again.hunts();
  options.reports.github = output::runs_in_github_actions();
  options.use_history = !words.no_history;
}

command_line::Headline headline() {
  command_line::Headline line;
  line.name = "nmzswarm";
  line.purpose = "Runs a list of tests in parallel, in containers all over a cluster or on this machine.";
  line.usage = usage;
  line.footer = usage_examples;
  line.hint = "the command goes after '--'; see nmzswarm --help";
  return line;
}

/// A command line that is read once; see run::understand().
class CommandLine {
 public:
  CommandLine() {
    parser_.take_words(words_.free);
    parser_.take_command(options().command);
    parser_.add(shared_.containers("--source,--image",
                                   "Run in containers of IMAGE; its labels net.osrg.namazu-swarm.v0.master.script and "
                                   "worker.script are the list and the command where they are not given here"));
    parser_.add(list_options(options(), words_));
    parser_.add(running_options(options(), words_, shared_));
    parser_.add(again_options(options().again));
    parser_.add(apart_options(options().apart));
    parser_.add(output_options(options(), shared_));
    parser_.add(shared_.views());
    parser_.add(telling_options(options()));
    parser_.add(shared_.last("Print only what failed and the summary",
                             "Also tell what each worker does, and how long each phase took"));
  }

  Result<std::optional<std::string>> read(const std::vector<std::string>& arguments,
                                          const std::vector<command_line::Default>& defaults) {
    options().arguments = arguments;
    return parser_.parse(arguments, defaults);
  }
  Result<Request> finish() {
    if (!words_.free.empty()) {
      return fail(ErrorKind::misconfigured,
                  "unexpected argument '" + words_.free.front() + "'; the command goes after '--'");
    }
    settle_calls(options(), parser_);
    if (auto split = options().runner.empty() ? split_off_list(options()) : Result<void>{}; !split)
      return tl::unexpected<Error>{split.error()};
    settle(options(), words_);
    return settle_skip_codes(options(), words_.skip_codes)
        .and_then([&] { return shared_.check(parser_); })
        .and_then([&] { return check(options().again, options().chunked, parser_); })
        .and_then([&] { return check_reports(options(), parser_); })
        .and_then([&] { return check_rest(options(), parser_); })
        .map([&] { return std::move(request_); });
  }
  command_line::Parser& parser() { return parser_; }
  [[nodiscard]] const Options& said() const { return request_.options; }
  static std::string directory() { return {}; }
  [[nodiscard]] bool configured() const { return shared_.configured(); }
  static std::vector<std::string> replaced() { return {}; }

 private:
  Options& options() { return request_.options; }

  Request request_;
  Words words_;
  run::SharedOptions shared_{request_.options, "nmzswarm", "workload"};
  command_line::Parser parser_{headline()};
};

}  // namespace

CommandTemplate::Options place_of(const Options& options) {
  CommandTemplate::Options places;
  places.place = options.place;
  places.append = options.ids.has_value();
  return places;
}

/// "--rerun failed" alone goes on with the last run here, whatever that was.
Result<Request> parse(const std::vector<std::string>& arguments, const run::Defaults& defaults) {
  CommandLine line;
  const auto page = line.read(arguments, {});
  const Options& said = line.said();
  const bool what = !said.workloads.empty() || !said.command.empty() || !said.containers.image.empty();
  if (!page || *page || said.again.rerun == Rerun::nothing || what) {
    return run::understand<CommandLine>(arguments, defaults);
  }
  const auto whole = with_earlier_command(arguments, said.log_directory);
  if (whole) return run::understand<CommandLine>(*whole, defaults);
  auto configured = run::understand<CommandLine>(arguments, defaults);
  if (!configured) return tl::unexpected<Error>{whole.error()};
  return configured;
}

int config_command(const std::vector<std::string>& arguments) {
  CommandLine line;
  return run::config_command(program, line.parser(), arguments);
}

int trust_command(const std::vector<std::string>& arguments) {
  CommandLine line;
  return run::trust_command(program, line.parser(), arguments);
}

}  // namespace nmz::nmzswarm
