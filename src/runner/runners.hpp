// One function a runner, for the table.
#pragma once

#include <memory>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

[[nodiscard]] std::unique_ptr<Runner> make_pytest();

}  // namespace nmz::runner
