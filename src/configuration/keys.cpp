#include "nmz/configuration/keys.hpp"

namespace nmz::configuration {

Name name_of(const std::string& key) {
  const std::size_t section = key.find('.');
  const std::size_t option = key.rfind('.');
  Name name;
  if (section == std::string::npos) return name;
  if (option > section) name.section = key.substr(section + 1, option - section - 1);
  name.option = key.substr(option + 1);
  return name;
}

const std::vector<std::string>& hook_keys() {
  static const std::vector<std::string> keys{"budget", "notify", "refs", "report", "suite", "wait"};
  return keys;
}

// Neither program has the other's table; tests/program/configuration holds these against both help pages.
const std::vector<std::string>& options_of(std::string_view section) {
  static const std::vector<std::string> bisect{"again",        "bad",         "bad-never-passes",
                                               "build",        "clean",       "confidence",
                                               "confirm",      "continue",    "dry-run",
                                               "explain",      "failed-of",   "find-fix",
                                               "first-parent", "flaky",       "git",
                                               "good",         "good-limit",  "good-never-fails",
                                               "hooks",        "keep-going",  "log-lines",
                                               "match",        "max-tests",   "no-cache",
                                               "no-checkout",  "no-confirm",  "no-keep-trees",
                                               "no-priors",    "on-timeout",  "overlay",
                                               "patch",        "patch-range", "path",
                                               "pristine",     "prove",       "replay",
                                               "skip",         "strategy",    "suspect",
                                               "svg",          "term-new",    "term-old",
                                               "tests",        "trust-ends",  "with",
                                               "work-dir"};
  static const std::vector<std::string> swarm{
      "chunks",     "classify",    "classify-for", "endpoint",     "env-file",
      "exclude",    "exclusive",   "fail-fast",    "filter",       "flaky-result",
      "for",        "group",       "history",      "list",         "max-worker-restarts",
      "needs",      "no-history",  "no-tests",     "null",         "on-failure",
      "repeat",     "replace",     "rerun",        "retries",      "seed",
      "shard",      "show-output", "shuffle",      "skip-code",    "slots",
      "slow-after", "source",      "speculate",    "status-level", "stop-at-width",
      "stress-cpu", "trace",       "until-fail",   "workloads"};
  return section == "swarm" ? swarm : bisect;
}

}  // namespace nmz::configuration
