// Values of nmzswarm's options that are read in a way of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::nmzswarm {

/// Of --skip-code: "77,125", or "none".
[[nodiscard]] Result<std::vector<std::int32_t>> parse_codes(const std::string& text);

/// Of --env-file, as docker reads it: '#' begins a comment line, a byte order mark is no part of the first name.
[[nodiscard]] Result<void> read_environment_file(const std::string& path, std::vector<std::string>& environment);

}  // namespace nmz::nmzswarm
