// Which test runner --runner means.
#pragma once

#include <memory>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/runner/runner.hpp"

namespace nmz::run {

struct ChosenRunner {
  std::unique_ptr<runner::Runner> runner;
  std::string notice;  ///< what `auto` has found; empty otherwise
};

/// A name, the file of a runner of the user's own, or "auto": by the files in `directory`. Errors
/// (misconfigured): there is no such runner, or nothing shows which one it is.
[[nodiscard]] Result<ChosenRunner> find_runner(const std::string& name, const std::string& directory = ".");

}  // namespace nmz::run
