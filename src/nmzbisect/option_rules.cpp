#include "option_rules.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <regex.h>

#include "nmz/output/output_file.hpp"

namespace nmz::nmzbisect {

namespace {

/// What people write who know git bisect; nothing when it is something else.
std::optional<std::string> no_range(const std::vector<std::string>& words) {
  constexpr std::string_view commands[] = {"start", "run",  "bad",   "good",   "new",   "old",      "skip",
                                           "log",   "next", "reset", "replay", "terms", "visualize"};
  const std::string& word = words.front();
  if (std::ranges::find(commands, word) != std::end(commands)) {
    return "'" + word + "' is a command of git bisect; here the whole search is one: nmzbisect GOOD..BAD -- COMMAND";
  }
  if (words.size() == 1 || words[1].find("..") != std::string::npos) return std::nullopt;
  return "'" + word + ' ' + words[1] + "' is no range; if these are the good and the bad revision write " + word +
         ".." + words[1] + ", and the command after '--'";
}

/// Errors (misconfigured): it is no number, or lies outside.
Result<double> parse_share(const std::string& option, const std::string& text, double least, double most) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (whole && number >= least && number < most) return number;
  return fail(ErrorKind::misconfigured,
              fmt::format("{} needs a number from {} to less than {}, not '{}'", option, least, most, text));
}

Result<void> take_rates(const std::string& text, search::NoiseOptions& noise) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) {
    return fail(ErrorKind::misconfigured, "--flaky is auto or two rates FP,FN (such as 0.05,0.2), not '" + text + "'");
  }
  return parse_share("--flaky", text.substr(0, comma), 0, 1)
      .and_then([&](double rate) {
        noise.false_failure = rate;
        return parse_share("--flaky", text.substr(comma + 1), 0, 1);
      })
      .and_then([&](double rate) -> Result<void> {
        noise.false_pass = rate;
        if (*noise.false_failure + rate < 1) return {};
        return fail(ErrorKind::misconfigured,
                    "--flaky '" + text + "': a test that fails at good commits as often as at bad ones tells nothing");
      });
}

}  // namespace

const char* const what_is_missing = "what to search is missing: nmzbisect GOOD..BAD -- COMMAND (see nmzbisect --help)";

Result<void> take_range(const Words& words, Options& options) {
  const std::string range = words.free.empty() ? "" : words.free.front();
  const std::size_t dots = range.find("..");
  const auto wrong = [](const std::string& what) { return fail(ErrorKind::misconfigured, what); };
  if (words.free.size() > 1 && dots != std::string::npos) {
    return wrong("unexpected argument '" + words.free[1] + "'; the command goes after '--': nmzbisect " + range +
                 " -- " + words.free[1] + (words.free.size() > 2 ? " ..." : ""));
  }
  if (words.bads.size() > 1) {
    return wrong("--bad is given twice ('" + words.bads[0] + "' and '" + words.bads[1] +
                 "'); a search has one bad end and any number of good ones");
  }
  if (!words.bads.empty()) options.bad = words.bads.front();
  if (range.empty()) return {};
  if (range.find("...") != std::string::npos) {
    return wrong("'" + range + "' is a symmetric difference; a search needs GOOD..BAD (two dots)");
  }
  if (dots == std::string::npos) {
    return wrong(
        no_range(words.free).value_or("'" + range + "' is no range; write GOOD..BAD, and the command after '--'"));
  }
  if (!options.bad.empty()) return wrong("give either GOOD..BAD or --bad, not both");
  const std::string good = range.substr(0, dots);
  const std::string bad = range.substr(dots + 2);
  options.goods.push_back(good.empty() ? "HEAD" : good);
  options.bad = bad.empty() ? "HEAD" : bad;
  return {};
}

Result<void> take_auto(Options& options, command_line::Parser& parser) {
  options.find_good = std::ranges::find(options.goods, "auto") != options.goods.end();
  if (!options.find_good && options.good_limit.empty()) return {};
  if (!options.find_good) return parser.contradiction({"--good-limit"}, "--good-limit is for --good auto");
  if (options.goods.size() > 1) {
    return fail(ErrorKind::misconfigured,
                "--good auto is for when no good revision is known (a branch of that name is "
                "refs/heads/auto)");
  }
  options.goods.clear();
  if (options.bad.empty()) options.bad = "HEAD";
  return {};
}

Result<void> take_patches(const Words& words, Options& options) {
  for (const std::string& file : words.patches) options.patches.push_back({file, {}});
  for (const std::string& text : words.range_patches) {
    const std::size_t split = text.find('=');
    if (split == std::string::npos || text.find("..") > split || split + 1 == text.size()) {
      return fail(ErrorKind::misconfigured, "--patch-range is A..B=FILE, not '" + text + "'");
    }
    options.patches.push_back({text.substr(split + 1), text.substr(0, split)});
  }
  return {};
}

Result<void> take_noise(const Words& words, Options& options) {
  const bool rates = !words.flaky.empty() && words.flaky != "auto";
  options.flaky = !words.flaky.empty() || words.good_never_fails || words.bad_never_passes;
  if (rates && (words.good_never_fails || words.bad_never_passes)) {
    return fail(ErrorKind::misconfigured,
                "--flaky FP,FN says both rates, and excludes --good-never-fails and --bad-never-passes");
  }
  if (words.good_never_fails && words.bad_never_passes) {
    return fail(ErrorKind::misconfigured,
                "a test that never fails at a good commit and never passes at a bad one is not flaky");
  }
  if (options.flaky && options.find_good) {
    return fail(ErrorKind::misconfigured, "a search with a flaky test needs a good revision, not --good auto");
  }
  if (words.good_never_fails) options.noise.false_failure = 0;
  if (words.bad_never_passes) options.noise.false_pass = 0;
  Result<void> taken = rates ? take_rates(words.flaky, options.noise) : Result<void>{};
  if (!taken || words.confidence.empty()) return taken;
  return parse_share("--confidence", words.confidence, 0.5, 1).map([&](double share) { options.confidence = share; });
}

Result<void> check_place(const Options& options, command_line::Parser& parser) {
  if (options.containers.kind != cluster::Kind::funker) return {};
  return parser.contradiction({"--orchestrator"},
                              "--orchestrator funker is for nmzswarm: its workers take workloads, and no commits");
}

Result<void> check_pairs(const Words& words, Options& options, command_line::Parser& parser) {
  const auto apart = [&parser](const char* one, const char* other) {
    const std::string called = other == std::string_view{"--patch-range"} ? "--patch" : other;
    return parser.contradiction({one, other}, std::string{one} + " and " + called + " exclude each other");
  };
  if (words.confirm && words.no_confirm) return apart("--confirm", "--no-confirm");
  if (words.confirm || words.no_confirm) options.confirm = words.confirm;
  if (options.no_priors && !options.suspects.empty()) return apart("--no-priors", "--suspect");
  if (options.again && options.no_cache) return apart("--again", "--no-cache");
  if (options.pristine && !options.overlays.empty()) return apart("--pristine", "--overlay");
  if (options.pristine && !words.patches.empty()) return apart("--pristine", "--patch");
  if (options.pristine && !words.range_patches.empty()) return apart("--pristine", "--patch-range");
  const bool containers = !options.containers.image.empty();
  if (!options.with.empty() && (!containers || options.no_checkout)) {
    return parser.contradiction({"--with", options.no_checkout ? "--no-checkout" : "--with"},
                                "--with is for files that are sent into containers, and needs --image IMAGE");
  }
  if (options.git && (!containers || options.no_checkout)) {
    return parser.contradiction({options.no_checkout ? "--no-checkout" : "--git", "--git"},
                                "--git is for files that are sent into containers, and needs --image IMAGE (on this "
                                "machine git works in every tree)");
  }
  if (options.no_checkout && !words.patches.empty()) return apart("--no-checkout", "--patch");
  if (options.no_checkout && !words.range_patches.empty()) return apart("--no-checkout", "--patch-range");
  if (options.no_checkout && !containers) {
    return parser.contradiction({"--no-checkout"}, "--no-checkout is for containers and needs --image IMAGE");
  }
  return run::check_reports({{"--json", options.json},
                             {"--html", options.html},
                             {"--svg", options.svg},
                             {"--junit", options.junit},
                             {"--debug-log", options.debug_log}},
                            parser);
}

Result<void> check_runner(const Options& options, command_line::Parser& parser) {
  if (options.runner.empty()) {
    for (const char* const name : {"--tests", "--failed-of", "--junit"}) {
      if (parser.given(name)) {
        return parser.contradiction({name}, std::string{name} + " is about the tests of a runner, and needs --runner");
      }
    }
    return {};
  }
  if (parser.given("--tests") && parser.given("--failed-of")) {
    return parser.contradiction({"--tests", "--failed-of"}, "--tests and --failed-of exclude each other");
  }
  for (const char* const name : {"--match", "--find-fix", "--flaky", "--good-never-fails", "--bad-never-passes",
                                 "--prove", "--replay", "--good-limit", "--strategy", "--explain", "--keep-going"}) {
    if (parser.given(name)) {
      return parser.contradiction({"--runner", name}, "--runner and " + std::string{name} +
                                                          " exclude each other: many tests are searched for at once");
    }
  }
  if (!options.find_good) return {};
  return parser.contradiction({"--runner"}, "--runner needs a good revision, not --good auto");
}

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
  if (options.ends_given && !options.replay.empty()) {
    return fail(ErrorKind::misconfigured, "--replay says where the search begins: it needs no GOOD..BAD");
  }
  // Without any end there may be a session of git's, which only the repository knows.
  if (options.ends_given && ((options.goods.empty() && !options.find_good) || options.bad.empty())) {
    return fail(ErrorKind::misconfigured, what_is_missing);
  }
  if (options.command.empty() && !options.dry_run && options.runner.empty() && options.containers.image.empty()) {
    return fail(ErrorKind::misconfigured,
                "the command is missing: nmzbisect GOOD..BAD -- COMMAND [ARG...]  (or: git config nmz.command "
                "'COMMAND...')");
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

}  // namespace nmz::nmzbisect
