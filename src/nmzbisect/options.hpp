// The command line of nmzbisect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/patches.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"
#include "nmz/run/settings.hpp"
#include "nmz/search/bisect_plan.hpp"
#include "nmz/search/posterior.hpp"

namespace nmz::nmzbisect {

/// How far tests on this machine are kept apart from each other and from the user.
enum class Isolate : std::uint8_t { none, world, network };

struct Options : run::Settings {
  Options() = default;
  std::string directory = ".";     ///< -C
  bool from_top = false;           ///< the command runs at the top of the work tree, wherever one is
  std::vector<std::string> goods;  ///< revisions
  bool find_good = false;          ///< --good auto
  std::string good_limit;          ///< how far back; a count or a revision, empty = to the root
  std::string bad;
  std::vector<std::string> skips;  ///< revisions and ranges that are not tested
  bool ends_given = false;         ///< on the command line
  std::string replay;              ///< a log of git bisect
  std::vector<std::string> pathspecs;
  bool no_priors = false;             ///< all candidates are alike before they are tested
  std::vector<std::string> suspects;  ///< pathspecs: what changes something there is suspected more
  bool first_parent = false;
  std::string term_old = "good";
  std::string term_new = "bad";
  bool find_fix = false;
  bool trust_ends = false;
  std::optional<bool> confirm;  ///< test the answer once more, alone; nothing = where tests may disturb each other
  bool flaky = false;           ///< the test is known to be
  search::NoiseOptions noise;   ///< how often it is wrong, where that is known
  double confidence = 0.99;
  std::size_t max_tests = 1000;  ///< of a flaky test
  std::size_t prove = 0;         ///< how often the answer's claims are tested; 0 = they are not
  search::Strategy strategy = search::Strategy::adaptive;
  search::TimeoutMeans on_timeout = search::TimeoutMeans::skip;
  std::string build;
  std::string match;
  bool clean = false;
  bool hooks = false;  ///< the user's hooks run in the work trees
  Isolate isolate = Isolate::world;
  bool pristine = false;              ///< tracked files only, as the commits have them
  std::vector<std::string> overlays;  ///< pathspecs: today's version on every commit
  std::vector<git::PatchRequest> patches;
  bool git = false;               ///< a git directory goes with the files into containers
  std::vector<std::string> with;  ///< untracked paths that go into containers
  std::size_t log_lines = 10;     ///< of the deciding test's log that are shown
  bool keep_going = false;        ///< also where the build fails everywhere
  bool no_keep_trees = false;     ///< for the next search of the repository
  std::string work_directory;     ///< empty = in the user's cache directory
  bool no_checkout = false;       ///< the image carries the repository: no files are sent
  bool dry_run = false;
  bool single = false;    ///< `nmzbisect test`: `bad` alone is tested, and nothing is searched
  bool no_cache = false;  ///< nothing is remembered, and nothing is known
  bool again = false;     ///< nothing is known
  bool go_on = false;     ///< --continue: everything else is as it was
  std::string junit;      ///< the report of a search for many tests
  std::string runner;     ///< many tests are searched for: the runner that has them
  std::string tests;      ///< the file that names them; empty: all that fail at the bad end
  std::string failed_of;  ///< the run of nmzswarm in which they failed
  bool recall = false;    ///< a verdict that is remembered is given without testing, and others are remembered
};

using Request = run::Request<Options>;

/// Errors (misconfigured) are one line for the user.
/// Of `nmzbisect test`, without the word.
[[nodiscard]] Result<Request> parse_test(const std::vector<std::string>& arguments, const run::Defaults& defaults);
[[nodiscard]] Result<Request> parse(const std::vector<std::string>& arguments, const run::Defaults& defaults = {});

/// `nmzbisect config` and `nmzbisect trust`; `arguments` without the word.
int config_command(const std::vector<std::string>& arguments);
int trust_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzbisect
