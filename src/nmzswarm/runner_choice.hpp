// Which test runner --runner means.
#pragma once

#include <memory>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/runner/runner.hpp"

namespace nmz::nmzswarm {

/// Errors (misconfigured): there is no such runner.
[[nodiscard]] Result<std::unique_ptr<runner::Runner>> find_runner(const std::string& name);

}  // namespace nmz::nmzswarm
