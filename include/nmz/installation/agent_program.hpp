// Where nmzagent is: $NMZ_AGENT, beside this program, or where the install step puts it.
#pragma once

#include <filesystem>

#include "nmz/error/result.hpp"

namespace nmz::installation {

[[nodiscard]] Result<std::filesystem::path> find_agent();

}  // namespace nmz::installation
