// Everything after "--" is the command and is not looked at. The options of Namazu Swarm as it was published
// (-source, -replicas, -chunks, -target, -push, -orchestrator, -docker-stack) mean what they meant.
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "nmz/command_line/arguments.hpp"
#include "nmz/command_line/quantities.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint32_t most_workers = 10000;
constexpr std::uint64_t most_chunks = 1000000;

constexpr const char* usage =
    "Usage: nmzswarm --source IMAGE [OPTION...] [-- COMMAND [ARG...]]\n"
    "       nmzswarm --workloads FILE [OPTION...] -- COMMAND [ARG...]\n"
    "       nmzswarm gc [--all] [--host HOST] [--context NAME]\n"
    "       nmzswarm history [SUITE]     (what is remembered of earlier runs; see nmzswarm history --help)\n"
    "       nmzswarm show [RUN]     (an earlier run again; see nmzswarm show --help)\n"
    "       nmzswarm logs [prune]     (the runs whose logs are kept; remove old ones)\n"
    "       nmzswarm doctor     (what a report of a bug should tell of this machine)\n";

constexpr std::string_view usage_examples = R"(
Examples:
  nmzswarm -source dummy -replicas 10
      The image's label net.osrg.namazu-swarm.v0.master.script prints the workloads, one a line; each is given to
      its label net.osrg.namazu-swarm.v0.worker.script on standard input, in one of 10 containers.
  ls tests/*.sh | nmzswarm --workloads - --replicas 8 -- sh
      The same on this machine, without an image: `sh` reads "tests/NAME.sh" from its standard input.
  nmzswarm --workloads tests.txt --filter '^net/' --timeout 5m -- sh -c './run-test "$NMZ_WORKLOAD"'
      The workload is also in the environment, with NMZ_WORKER and NMZ_ATTEMPT.
  nmzswarm --workloads tests.txt --repeat 500 --stress-cpu 2 -- sh -c './run-test "$NMZ_WORKLOAD"'
      How often does each test fail? Every run has an NMZ_SEED and an NMZ_RUN of its own; what fails is shown with the
      command that repeats it. See also --until-fail, --for and --stop-at-width.
  nmzswarm -source suite -replicas 30 -chunks 30 --shuffle --seed 7
      Static chunks as Namazu Swarm published them: one invocation and one verdict for each chunk.

A workload passes when the command's exit status is 0.

With GITHUB_ACTIONS=true the first ten failures become annotations of the step.

Exit status: 0 all passed; 1 failures; 2 nothing to run; 3 the workers or the list failed; 128 usage; 130 interrupted.
)";

/// Results of the option texts that CLI11 hands over as strings.
struct Texts {
  std::optional<std::string> replicas;
  std::optional<std::string> chunks;
  std::optional<std::string> seed;
  std::optional<std::string> shard;
  std::optional<std::string> timeout;
  std::optional<std::string> kill_grace;
  std::optional<std::string> fail_fast;
  std::optional<std::string> max_worker_restarts;
  std::optional<std::string> log_limit;
  std::vector<std::string> environment;
  std::vector<std::string> environment_files;
  std::vector<std::string> stray;
  bool no_history = false;
  bool quiet = false;
  bool verbose = false;
  bool version = false;
};

void declare_list(CLI::App& app, Options& options, Texts& texts) {
  const auto list = [&app](const char* name, std::vector<std::string>& values, const char* help) {
    return app.add_option(name, values, help)->allow_extra_args(false)->take_all();
  };
  app.add_option("stray", texts.stray)->group("")->take_all();
  app.add_option("--workloads", options.workloads, "Read the workloads from FILE (- is standard input), one a line")
      ->type_name("FILE");
  list("--filter", options.selection.filters,
       "Only workloads that match this extended regular expression; may be "
       "repeated (one has to match)")
      ->type_name("REGEX");
  list("--exclude", options.selection.excludes, "No workloads that match; may be repeated")->type_name("REGEX");
  app.add_option("--shard", texts.shard, "Only the I-th of N parts of the list")->type_name("I/N");
  app.add_flag("--list", options.list_only, "Print the workloads and exit (with --workloads)");
}

void declare_running(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("-j,--replicas,--jobs", texts.replicas,
                 "Workers; auto is the number of CPUs, here or in the cluster [auto]")
      ->type_name("N");
  app.add_option("--chunks", texts.chunks,
                 "Cut the list into N static chunks with one verdict each; 0: one for each worker [each workload is "
                 "an execution of its own]")
      ->type_name("N");
  app.add_flag("--shuffle", options.shuffle, "Shuffle the list");
  app.add_option("--seed", texts.seed, "The seed of --shuffle, or of the first run of --repeat [random, and told]")
      ->type_name("N");
  app.add_option(
         "--timeout", texts.timeout,
         "End a workload after this time (10, 1.5s, 5m, 1h), or after a multiple of what the history expects (5x; "
         "at least 5 s)")
      ->type_name("TIME");
  app.add_option("--kill-grace", texts.kill_grace, "Time between TERM and KILL for a workload that is ended [2s]")
      ->type_name("TIME");
  app.add_option("--fail-fast", texts.fail_fast, "End the run after K failures [1]")->type_name("K")->expected(0, 1);
  app.add_option("--max-worker-restarts", texts.max_worker_restarts,
                 "How often a worker that was lost is started again until it is done without [5]")
      ->type_name("N");
  app.add_flag("--speculate", options.speculate,
               "When workers are idle at the end, run what lasts unusually long a second time; the first result counts "
               "(the workloads have to bear it)");
  app.add_option("--env", texts.environment,
                 "Set NAME=VALUE for the command, or NAME to its value here; may be repeated")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--env-file", texts.environment_files,
                 "Set what FILE says, one NAME=VALUE or NAME a line; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--history", options.history,
                 "Where durations are remembered, to start the longest first [in the user's data directory]")
      ->type_name("FILE");
  app.add_flag("--no-history", texts.no_history, "Neither read nor write it");
}

void declare_output(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--log-dir", options.log_directory,
                 "Where logs are kept [a new one in the user's state directory; there those of the last 50 runs or 30 "
                 "days, whichever is more, stay]")
      ->type_name("DIR");
  app.add_option("--log-limit", texts.log_limit,
                 "Most MiB kept of a workload's output; the rest is cut from its middle [256]")
      ->type_name("MIB");
  app.add_option("--json", options.json, "Write the events as JSON lines to FILE (- is standard output)")
      ->type_name("FILE");
  app.add_option("--junit", options.reports.junit,
                 "Write a JUnit XML report to FILE at the end (- is standard output, for each report)")
      ->type_name("FILE");
  app.add_option("--trace", options.reports.trace,
                 "Write what ran where and when to FILE, for chrome://tracing, Perfetto or Speedscope")
      ->type_name("FILE");
  app.add_option("--debug-log", options.debug_log,
                 "Write what the program does and why to FILE, for bug reports (- is standard output); see NMZ_LOG")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", texts.quiet, "Print only what failed and the summary");
  app.add_flag("-v,--verbose", texts.verbose, "Also tell what each worker does, and how long each phase took");
  app.add_flag("--version", texts.version, "Print the version and exit");
}

template <class T, class Number>
Result<void> take_count(const char* option, const std::optional<std::string>& text, std::uint64_t most, Number& out,
                        std::uint64_t least = 1) {
  if (!text) return {};
  const auto count = command_line::parse_count(option, *text, most, least);
  if (!count) return tl::unexpected<Error>{count.error()};
  out = static_cast<T>(*count);
  return {};
}

/// It may be 0.
Result<void> take_restarts(const Texts& texts, Options& options) {
  constexpr std::uint64_t most_restarts = 1000000;
  return take_count<std::uint32_t>("--max-worker-restarts", texts.max_worker_restarts, most_restarts,
                                   options.max_worker_restarts, 0);
}

Result<void> take_numbers(const CLI::App& app, const Texts& texts, Options& options) {
  constexpr std::uint64_t default_log = 256;
  constexpr std::uint64_t largest_log = 1 << 20;
  constexpr std::uint64_t most_failures = 1000000;
  std::uint64_t log_limit = default_log;
  const bool automatic = texts.replicas && *texts.replicas == "auto";
  options.chunked = texts.chunks.has_value();
  const bool as_workers = texts.chunks && *texts.chunks == "0";
  // "--fail-fast" alone leaves its text empty.
  if (app.count("--fail-fast") > 0) options.fail_fast = 1;
  const auto fail_fast = texts.fail_fast && !texts.fail_fast->empty() ? texts.fail_fast : std::nullopt;
  return take_count<std::uint32_t>("--replicas", automatic ? std::nullopt : texts.replicas, most_workers,
                                   options.replicas)
      .and_then([&] {
        return take_count<std::size_t>("--chunks", as_workers ? std::nullopt : texts.chunks, most_chunks,
                                       options.chunks);
      })
      .and_then([&] { return take_count<std::size_t>("--fail-fast", fail_fast, most_failures, options.fail_fast); })
      .and_then([&] { return take_restarts(texts, options); })
      .and_then([&] { return take_count<std::uint64_t>("--log-limit", texts.log_limit, largest_log, log_limit); })
      .map([&] { options.log_limit = log_limit * mebibyte; });
}

Result<void> take_seed(const Texts& texts, Options& options) {
  if (!texts.seed) return {};
  std::uint64_t seed = 0;
  const char* const last = texts.seed->data() + texts.seed->size();
  const auto [end, error] = std::from_chars(texts.seed->data(), last, seed);
  if (error != std::errc{} || end != last) {
    return fail(ErrorKind::misconfigured, "--seed needs a whole number, not '" + *texts.seed + "'");
  }
  options.seed = seed;
  options.shuffle = !options.again.hunts();
  return {};
}

/// "5x".
Result<void> take_factor(std::string text, Options& options) {
  text.pop_back();
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, options.timeout_factor);
  constexpr double most = 1e6;
  if (error == std::errc{} && end == last && options.timeout_factor >= 1 && options.timeout_factor <= most) return {};
  return fail(ErrorKind::misconfigured, "--timeout needs a time, or a factor from 1 such as 5x, not '" + text + "x'");
}

Result<void> take_times(const Texts& texts, Options& options) {
  if (texts.timeout && texts.timeout->ends_with('x')) {
    if (Result<void> taken = take_factor(*texts.timeout, options); !taken) return taken;
  } else if (texts.timeout) {
    const auto time = command_line::parse_time("--timeout", *texts.timeout);
    if (!time) return tl::unexpected<Error>{time.error()};
    options.timeout = *time;
  }
  if (texts.kill_grace) {
    const auto time = command_line::parse_time("--kill-grace", *texts.kill_grace);
    if (!time) return tl::unexpected<Error>{time.error()};
    options.kill_grace = *time;
  }
  return {};
}

/// As docker reads it: '#' begins a comment line, a byte order mark is no part of the first name.
Result<void> read_environment_file(const std::string& path, std::vector<std::string>& environment) {
  std::ifstream file{path};
  if (!file) return fail(ErrorKind::misconfigured, "--env-file: cannot read '" + path + "'");
  std::string line;
  bool first = true;
  while (std::getline(file, line)) {
    if (std::exchange(first, false)) line = text::without_byte_order_mark(std::string{line});
    if (line.ends_with('\r')) line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') continue;
    auto taken = command_line::take_variable("--env-file '" + path + "'", line, environment);
    if (!taken) return taken;
  }
  return {};
}

Result<void> take_environment(const Texts& texts, Options& options) {
  for (const std::string& path : texts.environment_files) {
    if (Result<void> read = read_environment_file(path, options.environment); !read) return read;
  }
  for (const std::string& variable : texts.environment) {  // --env has the last word
    if (auto taken = command_line::take_variable("--env", variable, options.environment); !taken) return taken;
  }
  return {};
}

/// What is asked for on standard output is there alone.
Result<void> check_reports(const Options& options) {
  const std::string list = options.list_only ? output::standard_output : "";
  return output::check_apart({{"--list", list},
                              {"--json", options.json},
                              {"--junit", options.reports.junit},
                              {"--trace", options.reports.trace},
                              {"--debug-log", options.debug_log}});
}

Result<void> check_rest(const Texts& texts, Options& options) {
  if (options.speculate && options.again.hunts()) {
    return fail(ErrorKind::misconfigured,
                "--speculate and --repeat exclude each other: each run of a hunt counts once");
  }
  if (texts.quiet && texts.verbose) return fail(ErrorKind::misconfigured, "--quiet and --verbose exclude each other");
  if (texts.quiet) options.verbosity = view::Verbosity::quiet;
  if (texts.verbose) options.verbosity = view::Verbosity::verbose;
  options.reports.github = output::runs_in_github_actions();
  options.use_history = !texts.no_history;
  const bool image = !options.containers.image.empty();
  if (!image && options.workloads.empty()) {
    return fail(ErrorKind::misconfigured,
                "what to run is missing: nmzswarm --source IMAGE, or --workloads FILE -- COMMAND (see nmzswarm "
                "--help)");
  }
  if (options.list_only) {
    if (!options.workloads.empty()) return {};
    return fail(ErrorKind::misconfigured, "--list needs --workloads FILE");
  }
  if (!image && options.command.empty()) {
    return fail(ErrorKind::misconfigured, "the command is missing: nmzswarm --workloads FILE -- COMMAND [ARG...]");
  }
  if (!options.command.empty() && options.command.front().empty()) {
    return fail(ErrorKind::misconfigured, "the command's name is empty");
  }
  return {};
}

Result<void> interpret(const CLI::App& app, const Texts& texts, const cluster::Arguments& containers,
                       const AgainArguments& again, Options& options) {
  if (!texts.stray.empty()) {
    return fail(ErrorKind::misconfigured,
                "unexpected argument '" + texts.stray.front() + "'; the command goes after '--'");
  }
  auto taken = containers.take(app);
  if (!taken) return tl::unexpected<Error>{taken.error()};
  options.containers = std::move(*taken);
  if (options.containers.name.empty()) options.containers.name = "nmzswarm";
  return take_numbers(app, texts, options)
      .and_then([&] { return again.take(app, options.chunked); })
      .map([&](const AgainOptions& read) { options.again = read; })
      .and_then([&] { return take_seed(texts, options); })
      .and_then([&] { return texts.shard ? parse_shard(*texts.shard, options.selection) : Result<void>{}; })
      .and_then([&] { return take_times(texts, options); })
      .and_then([&] { return take_environment(texts, options); })
      .and_then([&] { return check_reports(options); })
      .and_then([&] { return check_rest(texts, options); });
}

}  // namespace

Result<Request> parse(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  Request request;
  request.options.arguments = arguments;
  Texts texts;
  CLI::App app{"Runs a list of tests in parallel, in containers all over a cluster or on this machine.", "nmzswarm"};
  command_line::set_up(app, usage);
  app.footer(std::string{usage_examples});
  cluster::Arguments containers;
  containers.declare(app, "--source,--image",
                     "Run in containers of IMAGE; its labels net.osrg.namazu-swarm.v0.master.script and worker.script "
                     "are the list and the command where they are not given here");
  declare_list(app, request.options, texts);
  declare_running(app, request.options, texts);
  AgainArguments again;
  again.declare(app);
  declare_output(app, request.options, texts);

  if (dashes != arguments.end()) request.options.command.assign(std::next(dashes), arguments.end());
  auto page = command_line::parse(app, {arguments.begin(), dashes}, "the command goes after '--'; see nmzswarm --help",
                                  {"--filter", "--exclude"});
  if (!page) return tl::unexpected<Error>{page.error()};
  if (*page) {
    request.print = std::move(**page);
    return request;
  }
  if (texts.version) {
    request.print = "nmzswarm " NMZ_VERSION "\n";
    return request;
  }
  if (const Result<void> done = interpret(app, texts, containers, again, request.options); !done) {
    return tl::unexpected<Error>{done.error()};
  }
  return request;
}

}  // namespace nmz::nmzswarm
