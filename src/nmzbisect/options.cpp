#include "options.hpp"

#include <algorithm>
#include <string_view>

#include "nmz/command_line/values.hpp"
#include "nmz/run/config_command.hpp"

#include "bisect.hpp"
#include "option_rules.hpp"

namespace nmz::nmzbisect {
namespace {

using command_line::flag;
using command_line::list;
using command_line::one_of;
using command_line::or_alone_joined;
using command_line::or_empty;
using command_line::text;
using command_line::texts;
using command_line::value;
using Table = std::vector<command_line::Option>;

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
  git config nmz.command 'make check'; nmzbisect v1.2..
      Every option has its key: nmz.timeout, nmz.build, ... The command line wins.
  nmzbisect --runner pytest v1.2..HEAD
      All tests that fail now and passed then: which commit broke each of them?
  nmzbisect --image gcc:12 -replicas 8 v1.2..HEAD -- make check
      Each commit's files are sent into containers of the image, on the Docker Engine that the docker command uses.

The command's exit code is the verdict, as for `git bisect run`: 0 good, 125 skip, 1 to 127 bad; 128 and above stop
the search, unless --match tells that it is the failure that is looked for. It runs in a work tree of its own, with NMZ_COMMIT, NMZ_WORKER and NMZ_ATTEMPT in its environment.

SIGUSR1 starts one worker more while it runs, SIGUSR2 lets one go when it has ended its test.

Exit status: 0 found; 1 stopped (by the command, or because the ends contradict); 2 only skipped commits are left;
3 a merge base is bad; 4 nothing could be tested; 6 a flaky test: not sure enough, or --prove did not prove the
answer; 7 a flaky test: no culprit;
128 usage; 130 interrupted. With --runner: 0 every test that is searched for has its culprit, but for flaky ones;
1 there is nothing to search for (all fail at GOOD as well, or none at BAD); 2 of some only skipped commits are left;
4 no test has a verdict at BAD; 7 all are flaky.
)";

constexpr const char* usage =
    "Usage: nmzbisect [OPTION...] GOOD..BAD -- COMMAND [ARG...]\n"
    "       nmzbisect [OPTION...] --good REV... --bad REV -- COMMAND [ARG...]\n"
    "       nmzbisect [OPTION...] -- COMMAND [ARG...]     (in a git bisect session: goes on from there)\n"
    "       nmzbisect [OPTION...] --runner RUNNER GOOD..BAD [-- WORD...]   (what broke each test of a suite)\n"
    "       nmzbisect show [RUN]     (an earlier run again; see nmzbisect show --help)\n"
    "       nmzbisect export [RUN]   (a run as one file, for another machine)\n"
    "       nmzbisect history     (earlier searches; see nmzbisect history --help)\n"
    "       nmzbisect logs [prune]     (the runs whose logs are kept; remove old ones)\n"
    "       nmzbisect trees [prune]    (the work trees that are kept; remove them)\n"
    "       nmzbisect config [KEY]     (what git's configuration says of these options, and where)\n"
    "       nmzbisect trust     (let this repository's .nmzconfig say how it is tested)\n"
    "       nmzbisect test REV -- COMMAND [ARG...]   (one commit; see nmzbisect test --help)\n"
    "       nmzbisect hook install     (git tests what is pushed; see nmzbisect hook --help)\n"
    "       nmzbisect doctor     (what a report of a bug should tell of this machine)\n";

constexpr const char* nothing_besides =
    "--continue goes on with the search as it was asked for: it needs no range and no command";

Table search_options(Options& options, Words& words) {
  using search::Strategy;
  constexpr std::uint64_t most_tests = 1'000'000;
  constexpr std::uint64_t most_proofs = 1000;
  return {
      list("--good", "REV", texts(options.goods),
           "A revision without the bug; may be repeated. auto: none is known, ancestors of the bad end are tried"),
      value("--good-limit", "N|REV", text(options.good_limit),
            "With --good auto: the oldest commit to try, a revision or a number of commits back [the root]"),
      list("--bad", "REV", texts(words.bads), "A revision with the bug"),
      list("--skip", "REV|RANGE", texts(options.skips), "Revisions that cannot be tested; may be repeated"),
      value("--replay", "FILE", text(options.replay),
            "Go on from what git bisect log has printed (-: standard input): its ends, skips, terms and paths"),
      list("--path", "PATHSPEC", texts(options.pathspecs),
           "Only commits that touch PATHSPEC are candidates; may be repeated"),
      list("--suspect", "PATHSPEC", texts(options.suspects),
           "Commits that touch PATHSPEC are suspected more and tested sooner, but any may be the answer; may be "
           "repeated"),
      flag("--no-priors", options.no_priors,
           "Suspect all commits alike: also those that change documentation only, or what a failing test's log names"),
      flag("--again", options.again,
           "Test everything, also what is remembered of earlier searches; what comes out is remembered"),
      flag("--no-cache", options.no_cache, "Remember nothing, and use nothing that is remembered"),
      flag("--continue", options.go_on,
           "Go on with the last search of this repository that was interrupted or killed, as it was asked for"),
      flag("--first-parent", options.first_parent, "Follow only the first parent of merges"),
      value("--term-old", "WORD", text(options.term_old), "The word for the old state [good]"),
      value("--term-new", "WORD", text(options.term_new), "The word for the new state [bad]"),
      flag("--find-fix", options.find_fix,
           "Search for the commit that repaired: the command fails at GOOD and succeeds at BAD"),
      flag("--trust-ends", options.trust_ends, "Do not test whether GOOD is good and BAD is bad"),
      flag("--confirm", words.confirm,
           "Test the answer once more with nothing beside it, and search again one at a time if it differs [where "
           "tests may disturb each other unnoticed]"),
      flag("--no-confirm", words.no_confirm, "Give the answer without testing it once more"),
      value("--flaky", "auto|FP,FN", text(words.flaky),
            "The test is sometimes wrong: commits are tested repeatedly. auto learns how often; FP is how often a good "
            "commit fails, FN how often a bad one passes, 0 to 1 [noticed when verdicts contradict each other]"),
      flag("--good-never-fails", words.good_never_fails, "The test is flaky, but never fails where the bug is not"),
      flag("--bad-never-passes", words.bad_never_passes, "The test is flaky, but never passes where the bug is"),
      value("--confidence", "P", text(words.confidence),
            "How sure the answer of a search with a flaky test has to be, between 0.5 and 1 [0.99]"),
      value("--max-tests", "N", command_line::count(options.max_tests, most_tests),
            "With a flaky test: stop after this many tests, sure or not [1000]"),
      or_alone_joined(value("--prove", "[=K]", command_line::count(options.prove, most_proofs),
                            "Test the answer in fresh trees: the culprit and its parents K times each, and the bad end "
                            "with the culprit reverted [3]"),
                      "3"),
      value("--strategy", "NAME",
            one_of<Strategy>(options.strategy, {{"adaptive", Strategy::adaptive}, {"rounds", Strategy::rounds}}),
            "adaptive: every verdict decides what runs next; rounds: wait for all probes of a round [adaptive]"),
  };
}

Table test_options(Options& options, Words& words, run::SharedOptions& shared) {
  using search::TimeoutMeans;
  return {
      value("--runner", "RUNNER", text(options.runner),
            "Search for what broke each test of a suite, all at once: pytest, ctest, ..., as of nmzswarm; auto: by the "
            "files here. What the runner takes goes after --"),
      value("--tests", "FILE", text(options.tests),
            "With --runner: the tests to search for, one a line (-: standard input) [those that fail at BAD]"),
      value("--failed-of", "RUN", text(options.failed_of),
            "With --runner: the tests that failed in this run of nmzswarm, its log directory or last"),
      shared.workers("-j,--jobs,--replicas",
                     "Commits tested at once [the number of CPUs; more where tests mostly wait]"),
      or_empty(value("--build", "COMMAND", text(options.build),
                     "Shell command run before the test, once per commit; its failure skips the commit")),
      flag("--keep-going", options.keep_going,
           "Go on where the build fails at the bad end and at everything else (default: stop after 5)"),
      or_empty(value("--match", "REGEX", text(options.match),
                     "A failure counts only if a line of its output matches this extended regular expression; "
                     "otherwise the commit is skipped")),
      value("--timeout", "TIME", command_line::time(options.timeout), "End a test after this time (10, 1.5s, 5m, 1h)"),
      value("--on-timeout", "VERDICT",
            one_of<TimeoutMeans>(options.on_timeout, {{"skip", TimeoutMeans::skip}, {"bad", TimeoutMeans::bad}}),
            "What a test that timed out means: skip or bad [skip]"),
      shared.kill_grace(),
      flag("--no-checkout", options.no_checkout, "Send no files: the image carries the repository (see NMZ_COMMIT)"),
      list("--with", "PATH", texts(options.with),
           "Send this untracked file or directory of the checkout into the containers, as it is; may be repeated"),
      flag("--git", options.git,
           "Send a shallow git directory of the commit into the containers, so that git works in the tree"),
      flag("--clean", options.clean,
           "Remove untracked files from the work tree before each test (default: keep them, for incremental builds)"),
      flag("--hooks", options.hooks,
           "Let the repository's hooks run in the work trees, post-checkout before each test (default: none runs)"),
      list("--overlay", "PATHSPEC", texts(options.overlays),
           "Put today's version of the files at PATHSPEC, committed or not, on every commit; may be repeated"),
      list("--patch", "FILE", texts(words.patches),
           "Apply the patch in FILE to each commit before it is tested; those it does not apply to are skipped; may be "
           "repeated"),
      list("--patch-range", "A..B=FILE", texts(words.range_patches),
           "The same, only on the commits of this range; may be repeated"),
      flag("--pristine", options.pristine,
           "Tracked files only, as the commits have them: nothing that is untracked, ignored or not committed"),
      value("--isolate", "WHAT",
            one_of<Isolate>(options.isolate,
                            {{"none", Isolate::none}, {"world", Isolate::world}, {"network", Isolate::network}}),
            "On this machine, what tests have for themselves: none; world: the checkout's path, /tmp, processes, IPC; "
            "network: also a network, with a loopback of its own and a way out through pasta where it is installed "
            "[world]"),
      shared.environment(),
  };
}

Table output_options(Options& options, run::SharedOptions& shared) {
  constexpr std::uint64_t most_lines = 10000;
  constexpr std::uint64_t log_mebibytes = 16;
  return {
      value("-C", "DIR", text(options.directory), "Run as if started in DIR"),
      value("--work-dir", "DIR", text(options.work_directory),
            "Where work trees are put, and removed at the end [in the user's cache directory]"),
      flag("--no-keep-trees", options.no_keep_trees,
           "Remove the work trees at the end; otherwise the next search of this repository begins with them"),
      shared.log_directory(),
      shared.log_limit(log_mebibytes),
      value("--log-lines", "N", command_line::count(options.log_lines, most_lines),
            "How many of the last lines of the deciding test's log are shown with the answer [10]"),
      shared.json(", and nothing else is there"),
      shared.html(),
      shared.svg(),
      shared.serve(),
      value("--junit", "FILE", text(options.junit), "With --runner: write a JUnit XML report of the tests to FILE"),
      flag("--explain", options.explain,
           "Say of each commit why it is taken for what it is, before the answer, on standard error"),
      shared.debug_log(),
      flag("--dry-run", options.dry_run, "Print the candidates, the first probes and the expected rounds only"),
  };
}

command_line::Headline headline() {
  command_line::Headline line;
  line.name = "nmzbisect";
  line.purpose = "Finds the commit that broke something, by testing many commits at once.";
  line.usage = usage;
  line.footer = usage_examples;
  line.hint = "the command goes after '--'; see nmzbisect --help";
  return line;
}

/// A command line that is read once; see run::understand().
class CommandLine {
 public:
  CommandLine() : CommandLine{headline()} {}
  explicit CommandLine(const command_line::Headline& line) : parser_{line} {
    parser_.take_words(words_.free);
    parser_.take_command(options().command);
    parser_.add(search_options(options(), words_));
    parser_.add(test_options(options(), words_, shared_));
    parser_.add(shared_.containers("--image",
                                   "Test in containers of IMAGE, which needs neither git nor the repository; without a "
                                   "command its label net.osrg.namazu-swarm.v0.worker.script is run, with the commit "
                                   "on stdin"));
    parser_.add(output_options(options(), shared_));
    parser_.add(shared_.views());
    parser_.add(shared_.last("Print only the answer", "Also tell what each worker does"));
  }

  Result<std::optional<std::string>> read(const std::vector<std::string>& arguments,
                                          const std::vector<command_line::Default>& defaults) {
    options().arguments = arguments;
    auto page = parser_.parse(arguments, defaults);
    options().from_top = parser_.command_is_default();  // it was said of the repository, not of where one is
    return page;
  }
  Result<Request> finish() {
    if (options().go_on) return finish_going_on();
    const bool terms_given = parser_.given("--term-old") || parser_.given("--term-new") ||
                             options().term_old != Options{}.term_old || options().term_new != Options{}.term_new;
    // A good end that was said once is for whatever there is now.
    options().ends_given = !words_.free.empty() || parser_.given("--good") || parser_.given("--bad");
    // A command that was said once is no word for a runner.
    if (!options().runner.empty() && parser_.command_is_default()) {
      options().command.clear();
      options().from_top = false;
    }
    const bool until_now = words_.free.empty() && words_.bads.empty() && !parser_.given("--good");
    if (until_now && !options().goods.empty()) words_.bads = {"HEAD"};
    return take_range(words_, options())
        .and_then([&] { return take_auto(options(), parser_); })
        .and_then([&] { return check_place(options(), parser_); })
        .and_then([&] { return shared_.check(parser_); })
        .and_then([&] { return take_patches(words_, options()); })
        .and_then([&] { return check_pairs(words_, options(), parser_); })
        .and_then([&] { return take_noise(words_, options()); })
        .and_then([&] { return check_runner(options(), parser_); })
        .and_then([&] { return check_terms(options(), terms_given); })
        .and_then([&] { return check_rest(options()); })
        .map([&] { return std::move(request_); });
  }
  command_line::Parser& parser() { return parser_; }
  std::string directory() { return options().directory; }
  bool configured() const { return shared_.configured(); }
  /// The ends, where there is a range.
  std::vector<std::string> replaced() const {
    return words_.free.empty() ? std::vector<std::string>{} : std::vector<std::string>{"good", "bad"};
  }

 protected:
  Options& options() { return request_.options; }
  const Words& words() const { return words_; }
  Result<Request> finish_tests() {
    return shared_.check(parser_)
        .and_then([&] { return take_patches(words_, options()); })
        .and_then([&] { return check_pairs(words_, options(), parser_); })
        .and_then([&] { return check_rest(options()); })
        .map([&] { return std::move(request_); });
  }

  /// It says itself what was asked for.
  Result<Request> finish_going_on() {
    if (words_.free.empty() && !parser_.given("--good") && !parser_.given("--bad")) return std::move(request_);
    return fail(ErrorKind::misconfigured, nothing_besides);
  }

 private:
  Request request_;
  Words words_;
  run::SharedOptions shared_{request_.options, "nmzbisect", "test"};
  command_line::Parser parser_;
};

command_line::Headline test_headline() {
  command_line::Headline line;
  line.name = "nmzbisect test";
  line.purpose = "Tests one commit, exactly as a search would test it.";
  line.usage = "Usage: nmzbisect test [OPTION...] REV -- COMMAND [ARG...]\n";
  line.footer =
      "\nExit status: 0 good; 1 bad; 125 it cannot be tested; 4 there is no verdict (the command stopped the search, "
      "or\n"
      "no worker is left); 128 usage; 130 interrupted. The options are those of a search (nmzbisect --help).\n";
  line.hint = "see nmzbisect test --help";
  return line;
}

/// The same options, but for those that only a search can obey.
class TestLine : public CommandLine {
 public:
  TestLine() : CommandLine{test_headline()} {
    parser().add({flag("--recall", options().recall,
                       "Give a verdict that is remembered (of the same files, command, build, ...) without testing, "
                       "and remember a new one")});
  }
  Result<Request> finish() {
    for (const std::string& name : replaced()) {
      if (parser().given("--" + name)) return fail(ErrorKind::misconfigured, "--" + name + " is for a search");
    }
    if (words().free.size() != 1) {
      return fail(ErrorKind::misconfigured, "it is one commit that is tested: nmzbisect test REV -- COMMAND");
    }
    options().single = true;
    options().arguments.insert(options().arguments.begin(), "test");
    options().ends_given = true;
    options().bad = words().free.front();
    options().goods = {options().bad};
    options().confirm = false;
    return finish_tests();
  }
  std::vector<std::string> replaced() const {
    return {"good",
            "bad",
            "good-limit",
            "skip",
            "replay",
            "path",
            "first-parent",
            "term-old",
            "term-new",
            "find-fix",
            "trust-ends",
            "confirm",
            "strategy",
            "no-confirm",
            "dry-run",
            "flaky",
            "confidence",
            "max-tests",
            "good-never-fails",
            "bad-never-passes",
            "continue",
            "explain",
            "suspect",
            "no-priors",
            "prove",
            "runner",
            "tests",
            "failed-of",
            "junit"};
  }
};

}  // namespace

Result<Request> parse(const std::vector<std::string>& arguments, const run::Defaults& defaults) {
  Result<Request> request = run::understand<CommandLine>(arguments, defaults);
  if (!request) return request;
  request->options.arguments = arguments;
  const bool with_command = std::ranges::find(arguments, "--") != arguments.end();
  if (request->options.go_on && with_command) return fail(ErrorKind::misconfigured, nothing_besides);
  return request;
}

Result<Request> parse_test(const std::vector<std::string>& arguments, const run::Defaults& defaults) {
  return run::understand<TestLine>(arguments, defaults);
}

int config_command(const std::vector<std::string>& arguments) {
  CommandLine line;
  return run::config_command(program, line.parser(), arguments);
}

int trust_command(const std::vector<std::string>& arguments) {
  CommandLine line;
  return run::trust_command(program, line.parser(), arguments);
}

}  // namespace nmz::nmzbisect
