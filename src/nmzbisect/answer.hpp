// The result of a search in words, and its exit status.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/events/event.hpp"
#include "nmz/run/program.hpp"
#include "nmz/search/bisect_plan.hpp"

#include "options.hpp"
#include "reporter.hpp"

namespace nmz::nmzbisect {

enum ExitStatus : int {
  exit_found = run::exit_success,
  exit_stopped = 1,
  exit_only_skipped = 2,
  exit_bad_merge_base = 3,
  exit_nothing_testable = 4,
  exit_not_confident = 6,
  exit_no_culprit = 7,
  exit_untestable = 125,  ///< of a single test
  exit_interrupted = run::exit_interrupted,
};

/// Standard output is the answer's, unless something else was asked for there.
[[nodiscard]] bool answers_elsewhere(const Options& options);

struct Answer {
  Answer() = default;
  int exit_status = exit_stopped;
  std::string result;   ///< the stable word of events::RunEnded
  std::string message;  ///< one line; what is said on standard error for everything but a find
  std::string output;   ///< for standard output, ends with a newline unless empty; without git's closing form
  std::vector<events::Suspect> suspects;
  std::optional<dispatch::Subject> decided_by;  ///< the test whose log says why
};

[[nodiscard]] Answer answer(const search::BisectResult& result, const coordinator::RunEnd& end, const Options& options,
                            const Reporter::Counts& counts, const std::function<Named(dispatch::Subject)>& names);

}  // namespace nmz::nmzbisect
