// The JSON report of Jest, which Vitest writes as well: of each test file its status and its tests.
#pragma once

#include <span>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

/// A workload is a file. Its absolute name ends with the id.
[[nodiscard]] Report read_jest_json(std::span<const File> files, std::span<const std::string> ids);

}  // namespace nmz::runner
