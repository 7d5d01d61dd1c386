// CLI11 does the parsing, with the habits of command_line/; everything after "--" is the command and is not looked at.
#include "options.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>
#include <regex.h>

#include "nmz/command_line/arguments.hpp"
#include "nmz/command_line/quantities.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint32_t most_workers = 10000;

constexpr std::string_view usage_examples = R"(
Examples:
  nmzbisect v1.2..HEAD -- make check
      Which commit after v1.2 broke `make check`?
  nmzbisect --jobs 16 --build 'make -j2' --match 'Segmentation fault' v1.2.. -- ./run-test.sh
      Commits that do not build, and failures of another kind, are skipped.
  nmzbisect --good v1.2 --good v1.3-rc1 --bad HEAD --path src/net --timeout 5m -- python3 /tmp/check.py
      Only commits that touch src/net; a script that is not part of the repository by its absolute path.
  nmzbisect --find-fix v1.2..HEAD -- ./run-test.sh
      Which commit repaired it?
  nmzbisect --image gcc:12 -replicas 8 v1.2..HEAD -- make check
      Each commit's files are sent into containers of the image, on the Docker Engine that the docker command uses.

The command's exit code is the verdict, as for `git bisect run`: 0 good, 125 skip, 1 to 127 bad; 128 and above stop
the search, unless --match tells that it is the failure that is looked for. It runs in a work tree of its own, with NMZ_COMMIT, NMZ_WORKER and NMZ_ATTEMPT in its environment.

Exit status: 0 found; 1 stopped (by the command, or because the ends contradict); 2 only skipped commits are left;
3 a merge base is bad; 4 nothing could be tested; 128 usage; 130 interrupted.
)";

constexpr const char* usage =
    "Usage: nmzbisect [OPTION...] GOOD..BAD -- COMMAND [ARG...]\n"
    "       nmzbisect [OPTION...] --good REV... --bad REV -- COMMAND [ARG...]\n"
    "       nmzbisect show [RUN]     (an earlier run again; see nmzbisect show --help)\n"
    "       nmzbisect logs [prune]     (the runs whose logs are kept; remove old ones)\n"
    "       nmzbisect doctor     (what a report of a bug should tell of this machine)\n";

/// Results of the option texts that CLI11 hands over as strings.
struct Texts {
  std::string range;
  std::vector<std::string> bads;
  std::vector<std::string> environment;
  std::vector<std::string> stray;
  std::string strategy = "adaptive";
  std::string on_timeout = "skip";
  std::string isolate = "world";
  std::optional<std::string> timeout;
  std::optional<std::string> kill_grace;
  std::optional<std::string> log_limit;
  std::optional<std::string> log_lines;
  std::optional<std::string> jobs;
  bool confirm = false;
  bool no_confirm = false;
  bool quiet = false;
  bool verbose = false;
  bool version = false;
};

void declare_search(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("range", texts.range, "GOOD..BAD; an empty side is HEAD")->type_name("GOOD..BAD");
  app.add_option("stray", texts.stray)->group("")->take_all();
  app.add_option("--good", options.goods, "A revision without the bug; may be repeated")
      ->type_name("REV")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--bad", texts.bads, "A revision with the bug")->type_name("REV")->allow_extra_args(false)->take_all();
  app.add_option("--path", options.pathspecs, "Only commits that touch PATHSPEC are candidates; may be repeated")
      ->type_name("PATHSPEC")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("--first-parent", options.first_parent, "Follow only the first parent of merges");
  app.add_option("--term-old", options.term_old, "The word for the old state [good]")->type_name("WORD");
  app.add_option("--term-new", options.term_new, "The word for the new state [bad]")->type_name("WORD");
  app.add_flag("--find-fix", options.find_fix,
               "Search for the commit that repaired: the command fails at GOOD and succeeds at BAD");
  app.add_flag("--trust-ends", options.trust_ends, "Do not test whether GOOD is good and BAD is bad");
  app.add_flag("--confirm", texts.confirm,
               "Test the answer once more with nothing beside it, and search again one at a time if it differs [where "
               "tests may disturb each other unnoticed]");
  app.add_flag("--no-confirm", texts.no_confirm, "Give the answer without testing it once more");
  app.add_option("--strategy", texts.strategy,
                 "adaptive: every verdict decides what runs next; rounds: wait for all probes of a round [adaptive]")
      ->type_name("NAME");
}

void declare_tests(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("-j,--jobs,--replicas", texts.jobs, "Commits tested at once [the number of CPUs]")->type_name("N");
  app.add_option("--build", options.build,
                 "Shell command run before the test, once per commit; its failure skips the commit")
      ->type_name("COMMAND");
  app.add_flag("--keep-going", options.keep_going,
               "Go on where the build fails at the bad end and at everything else (default: stop after 5)");
  app.add_option("--match", options.match,
                 "A failure counts only if a line of its output matches this extended regular expression; otherwise "
                 "the commit is skipped")
      ->type_name("REGEX");
  app.add_option("--timeout", texts.timeout, "End a test after this time (10, 1.5s, 5m, 1h)")->type_name("TIME");
  app.add_option("--on-timeout", texts.on_timeout, "What a test that timed out means: skip or bad [skip]")
      ->type_name("VERDICT");
  app.add_option("--kill-grace", texts.kill_grace, "Time between TERM and KILL for a test that is ended [2s]")
      ->type_name("TIME");
  app.add_flag("--no-checkout", options.no_checkout,
               "Send no files: the image carries the repository (see NMZ_COMMIT)");
  app.add_flag("--clean", options.clean,
               "Remove untracked files from the work tree before each test (default: keep them, for incremental "
               "builds)");
  app.add_flag("--hooks", options.hooks,
               "Let the repository's hooks run in the work trees, post-checkout before each test (default: none runs)");
  app.add_option("--overlay", options.overlays,
                 "Put today's version of the files at PATHSPEC, committed or not, on every commit; may be repeated")
      ->type_name("PATHSPEC")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("--pristine", options.pristine,
               "Tracked files only, as the commits have them: nothing that is untracked, ignored or not committed");
  app.add_option("--isolate", texts.isolate,
                 "On this machine, what tests have for themselves: none; world: the checkout's path, /tmp, processes, "
                 "IPC; network: also a network with nothing but a loopback [world]")
      ->type_name("WHAT");
  app.add_option("--env", texts.environment,
                 "Set NAME=VALUE for the command, or NAME to its value here; may be repeated")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false)
      ->take_all();
}

void declare_output(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("-C", options.directory, "Run as if started in DIR")->type_name("DIR");
  app.add_option("--work-dir", options.work_directory, "Where work trees are put [in the user's cache directory]")
      ->type_name("DIR");
  app.add_option("--log-dir", options.log_directory,
                 "Where logs are kept [a new one in the user's state directory; there those of the last 50 runs or 30 "
                 "days, whichever is more, stay]")
      ->type_name("DIR");
  app.add_option("--log-limit", texts.log_limit,
                 "Most MiB kept of a test's output; the rest is cut from its middle [16]")
      ->type_name("MIB");
  app.add_option("--log-lines", texts.log_lines,
                 "How many of the last lines of the deciding test's log are shown with the answer [10]")
      ->type_name("N");
  app.add_option("--json", options.json,
                 "Write the events as JSON lines to FILE (- is standard output, and nothing else is there)")
      ->type_name("FILE");
  app.add_option("--debug-log", options.debug_log,
                 "Write what the program does and why to FILE, for bug reports (- is standard output); see NMZ_LOG")
      ->type_name("FILE");
  app.add_flag("--dry-run", options.dry_run, "Print the candidates, the first probes and the expected rounds only");
  app.add_flag("-q,--quiet", texts.quiet, "Print only the answer");
  app.add_flag("-v,--verbose", texts.verbose, "Also tell what each worker does");
  app.add_flag("--version", texts.version, "Print the version and exit");
}

Result<void> take_containers(const cluster::Arguments& arguments, const CLI::App& app, Options& options) {
  auto containers = arguments.take(app);
  if (!containers) return tl::unexpected<Error>{containers.error()};
  options.containers = std::move(*containers);
  if (options.containers.name.empty()) options.containers.name = "nmzbisect";
  if (options.no_checkout && options.containers.image.empty()) {
    return fail(ErrorKind::misconfigured, "--no-checkout is for containers and needs --image IMAGE");
  }
  return {};
}

/// What people write who know git bisect; nothing when it is something else.
std::optional<std::string> no_range(const std::string& word, const std::vector<std::string>& rest) {
  constexpr std::string_view commands[] = {"start", "run",  "bad",   "good",   "new",   "old",      "skip",
                                           "log",   "next", "reset", "replay", "terms", "visualize"};
  if (std::ranges::find(commands, word) != std::end(commands)) {
    return "'" + word + "' is a command of git bisect; here the whole search is one: nmzbisect GOOD..BAD -- COMMAND";
  }
  if (rest.empty() || rest.front().find("..") != std::string::npos) return std::nullopt;
  return "'" + word + ' ' + rest.front() + "' is no range; if these are the good and the bad revision write " + word +
         ".." + rest.front() + ", and the command after '--'";
}

/// GOOD..BAD, where each side may be left out as in git.
Result<void> take_range(const Texts& texts, Options& options) {
  if (texts.bads.size() > 1) {
    return fail(ErrorKind::misconfigured, "--bad is given twice ('" + texts.bads[0] + "' and '" + texts.bads[1] +
                                              "'); a search has one bad end and any number of good ones");
  }
  if (!texts.bads.empty()) options.bad = texts.bads.front();
  const std::string& range = texts.range;
  if (range.empty()) return {};
  if (range.find("...") != std::string::npos) {
    return fail(ErrorKind::misconfigured,
                "'" + range + "' is a symmetric difference; a search needs GOOD..BAD (two dots)");
  }
  const std::size_t dots = range.find("..");
  if (const auto wrong = no_range(range, texts.stray); dots == std::string::npos && wrong) {
    return fail(ErrorKind::misconfigured, *wrong);
  }
  if (dots == std::string::npos) {
    return fail(ErrorKind::misconfigured, "'" + range + "' is no range; write GOOD..BAD, and the command after '--'");
  }
  if (!options.bad.empty()) return fail(ErrorKind::misconfigured, "give either GOOD..BAD or --bad, not both");
  const std::string good = range.substr(0, dots);
  const std::string bad = range.substr(dots + 2);
  options.goods.push_back(good.empty() ? "HEAD" : good);
  options.bad = bad.empty() ? "HEAD" : bad;
  return {};
}

Result<void> take_times(const Texts& texts, Options& options) {
  if (texts.timeout) {
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

Result<void> take_counts(const Texts& texts, Options& options) {
  constexpr std::uint64_t default_log = 16;
  constexpr std::uint64_t largest_log = 1 << 20;
  options.log_limit = default_log * mebibyte;
  if (texts.log_limit) {
    const auto limit = command_line::parse_count("--log-limit", *texts.log_limit, largest_log);
    if (!limit) return tl::unexpected<Error>{limit.error()};
    options.log_limit = *limit * mebibyte;
  }
  if (texts.log_lines) {
    constexpr std::uint64_t most_lines = 10000;
    const auto lines = command_line::parse_count("--log-lines", *texts.log_lines, most_lines);
    if (!lines) return tl::unexpected<Error>{lines.error()};
    options.log_lines = *lines;
  }
  if (texts.jobs) {
    const auto jobs = command_line::parse_count("--jobs", *texts.jobs, most_workers);
    if (!jobs) return tl::unexpected<Error>{jobs.error()};
    options.workers = static_cast<std::uint32_t>(*jobs);
  }
  return {};
}

Result<void> take_words(const Texts& texts, Options& options) {
  if (texts.strategy != "adaptive" && texts.strategy != "rounds") {
    return fail(ErrorKind::misconfigured, "--strategy is adaptive or rounds, not '" + texts.strategy + "'");
  }
  options.strategy = texts.strategy == "rounds" ? search::Strategy::rounds : search::Strategy::adaptive;
  if (texts.on_timeout != "skip" && texts.on_timeout != "bad") {
    return fail(ErrorKind::misconfigured, "--on-timeout is skip or bad, not '" + texts.on_timeout + "'");
  }
  options.on_timeout = texts.on_timeout == "bad" ? search::TimeoutMeans::bad : search::TimeoutMeans::skip;
  if (auto apart = output::check_apart({{"--json", options.json}, {"--debug-log", options.debug_log}}); !apart) {
    return apart;
  }
  if (texts.quiet && texts.verbose) return fail(ErrorKind::misconfigured, "--quiet and --verbose exclude each other");
  if (texts.quiet) options.verbosity = view::Verbosity::quiet;
  if (texts.verbose) options.verbosity = view::Verbosity::verbose;
  return {};
}

Result<void> take_world(const Texts& texts, Options& options) {
  const std::pair<std::string_view, Isolate> words[] = {
      {"none", Isolate::none}, {"world", Isolate::world}, {"network", Isolate::network}};
  const auto* const word =
      std::ranges::find(words, std::string_view{texts.isolate}, [](const auto& one) { return one.first; });
  if (word == std::end(words)) {
    return fail(ErrorKind::misconfigured, "--isolate is none, world or network, not '" + texts.isolate + "'");
  }
  options.isolate = word->second;
  if (options.pristine && !options.overlays.empty()) {
    return fail(ErrorKind::misconfigured, "--pristine and --overlay exclude each other");
  }
  return {};
}

Result<void> take_environment(const Texts& texts, Options& options) {
  for (const std::string& variable : texts.environment) {
    if (auto taken = command_line::take_variable("--env", variable, options.environment); !taken) return taken;
  }
  return {};
}

/// Terms as git bisect accepts them: no command of its own, nothing that cannot be part of a ref name.
Result<void> check_terms(Options& options, bool given) {
  if (options.find_fix && !given) {
    options.term_old = "broken";
    options.term_new = "fixed";
  }
  constexpr std::string_view reserved[] = {"help", "start",  "skip", "next", "reset", "visualize",
                                           "view", "replay", "log",  "run",  "terms", ""};
  for (const std::string& term : {options.term_old, options.term_new}) {
    const bool odd = !std::all_of(term.begin(), term.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
    if (odd || term.starts_with('-') || term.starts_with('.') ||
        std::find(std::begin(reserved), std::end(reserved), term) != std::end(reserved)) {
      return fail(ErrorKind::misconfigured, "'" + term + "' cannot be a term (choose another word)");
    }
  }
  if (options.term_old == options.term_new) {
    return fail(ErrorKind::misconfigured, "--term-old and --term-new need different words");
  }
  return {};
}

Result<void> check_rest(const Options& options) {
  if (options.goods.empty() || options.bad.empty()) {
    return fail(ErrorKind::misconfigured,
                "what to search is missing: nmzbisect GOOD..BAD -- COMMAND (see nmzbisect --help)");
  }
  if (options.command.empty() && !options.dry_run && options.containers.image.empty()) {
    return fail(ErrorKind::misconfigured, "the command is missing: nmzbisect GOOD..BAD -- COMMAND [ARG...]");
  }
  if (!options.command.empty() && options.command.front().empty()) {
    return fail(ErrorKind::misconfigured, "the command's name is empty");
  }
  if (options.match.empty()) return {};
  regex_t expression{};
  const int error = ::regcomp(&expression, options.match.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error == 0) {
    ::regfree(&expression);
    return {};
  }
  constexpr std::size_t room = 200;
  std::string why(room, '\0');
  ::regerror(error, &expression, why.data(), why.size());
  why.resize(why.find('\0'));
  return fail(ErrorKind::misconfigured, "--match '" + options.match + "': " + why);
}

Result<void> interpret(const CLI::App& app, const Texts& texts, const cluster::Arguments& containers,
                       Options& options) {
  if (!texts.stray.empty() && texts.range.find("..") != std::string::npos) {
    return fail(ErrorKind::misconfigured, "unexpected argument '" + texts.stray.front() +
                                              "'; the command goes after '--': nmzbisect " + texts.range + " -- " +
                                              texts.stray.front() + (texts.stray.size() > 1 ? " ..." : ""));
  }
  if (texts.confirm && texts.no_confirm) {
    return fail(ErrorKind::misconfigured, "--confirm and --no-confirm exclude each other");
  }
  if (texts.confirm || texts.no_confirm) options.confirm = texts.confirm;
  const bool terms_given = app.count("--term-old") + app.count("--term-new") > 0;
  return take_range(texts, options)
      .and_then([&] { return take_times(texts, options); })
      .and_then([&] { return take_counts(texts, options); })
      .and_then([&] { return take_words(texts, options); })
      .and_then([&] { return take_world(texts, options); })
      .and_then([&] { return take_containers(containers, app, options); })
      .and_then([&] { return take_environment(texts, options); })
      .and_then([&] { return check_terms(options, terms_given); })
      .and_then([&] { return check_rest(options); });
}

}  // namespace

Result<Request> parse(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  Request request;
  Texts texts;
  CLI::App app{"Finds the commit that broke something, by testing many commits at once.", "nmzbisect"};
  command_line::set_up(app, usage);
  app.footer(std::string{usage_examples});
  declare_search(app, request.options, texts);
  declare_tests(app, request.options, texts);
  cluster::Arguments containers;
  containers.declare(app, "--image",
                     "Test in containers of IMAGE, which needs neither git nor the repository; without a command its "
                     "label net.osrg.namazu-swarm.v0.worker.script is run, with the commit on stdin");
  declare_output(app, request.options, texts);

  if (dashes != arguments.end()) request.options.command.assign(std::next(dashes), arguments.end());
  auto page = command_line::parse(app, {arguments.begin(), dashes}, "the command goes after '--'; see nmzbisect --help",
                                  {"--build", "--match"});
  if (!page) return tl::unexpected<Error>{page.error()};
  if (*page) {
    request.print = std::move(**page);
    return request;
  }
  if (texts.version) {
    request.print = "nmzbisect " NMZ_VERSION "\n";
    return request;
  }
  if (const Result<void> done = interpret(app, texts, containers, request.options); !done) {
    return tl::unexpected<Error>{done.error()};
  }
  return request;
}

}  // namespace nmz::nmzbisect
