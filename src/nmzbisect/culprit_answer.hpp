// The result of a search for what broke many tests, in words, and its exit status.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/events/event.hpp"
#include "nmz/search/many_culprits_plan.hpp"

#include "answer.hpp"
#include "test_runs.hpp"

namespace nmz::nmzbisect {

struct CulpritAnswer {
  CulpritAnswer() = default;
  int exit_status = exit_stopped;
  std::string result;   ///< the stable word of events::RunEnded
  std::string message;  ///< one line on standard error; may be empty
  std::string output;   ///< for standard output: lines
  std::vector<events::Culprit> culprits;
  std::vector<events::OtherTest> others;
};

/// `log_of`: of a commit. `names`: of a commit.
[[nodiscard]] CulpritAnswer culprit_answer(const search::ManyCulpritsPlan& plan, const TestRuns& tests,
                                           const coordinator::RunEnd& end, const Options& options,
                                           const std::function<Named(dispatch::Subject)>& names,
                                           const std::function<std::string(dispatch::Subject)>& log_of);

}  // namespace nmz::nmzbisect
