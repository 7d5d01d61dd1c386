// From a red suite to its culprits (--on-failure bisect): nmzbisect is started for the tests that failed.
//
// Where each of them passed last is asked of the history, which keeps the commit of each execution: HEAD, if no tracked
// file differed from it. Tests with one good end are searched for together; without one nobody knows how far back to
// look, and that is told.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nmz/history/history.hpp"
#include "nmz/logs/log_store.hpp"

#include "options.hpp"

namespace nmz::nmzswarm {

/// What is tested here: HEAD, or nothing where it is something else (no repository, changed files).
[[nodiscard]] std::string tested_commit();

/// Tests that are searched for together.
struct RedGroup {
  std::string good;  ///< the commit at which they passed last
  std::vector<std::string> tests;
};
struct RedTests {
  std::vector<RedGroup> groups;      ///< those with most tests first
  std::vector<std::string> unknown;  ///< never seen passing at a commit that is known
  std::vector<std::string> flaky;    ///< passed last at the commit at which they fail
};
/// `past`: with this run's. `now`: the commit that was tested; may be empty.
[[nodiscard]] RedTests red_tests(const std::vector<std::string>& failed, const std::vector<history::Past>& past,
                                 const std::string& now);

/// Returns when the searches have ended. What is to be told goes to `tell`, line by line.
void bisect_failures(const Options& options, const RedTests& red, logs::LogStore& logs,
                     const std::function<void(const std::string&)>& tell);

}  // namespace nmz::nmzswarm
