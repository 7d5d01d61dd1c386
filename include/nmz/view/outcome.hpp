// An execution's outcome in words.
#pragma once

#include <string>

#include "nmz/wire/messages.hpp"

namespace nmz::view {

/// "exit 1", "killed by signal 11", "timed out", ...; empty for success.
[[nodiscard]] std::string describe(const wire::Outcome& outcome);

}  // namespace nmz::view
