// The one file that a history is, opened for whoever keeps something in it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "nmz/error/result.hpp"

#include "sqlite.hpp"

namespace nmz::history {

/// Makes it where it is missing, with today's tables. Errors as History::open().
[[nodiscard]] Result<std::unique_ptr<Connection>> open_database(const std::filesystem::path& file,
                                                                std::chrono::milliseconds patience);

}  // namespace nmz::history
