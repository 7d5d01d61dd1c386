// Quantities as people write them. Errors (misconfigured) name the option, what it needs and what it got.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::command_line {

/// "10", "1.5s", "200ms", "5m", "1h"; positive.
[[nodiscard]] Result<std::chrono::milliseconds> parse_time(const std::string& option, const std::string& text);
/// A whole number from 1 to `most`.
[[nodiscard]] Result<std::uint64_t> parse_count(const std::string& option, const std::string& text, std::uint64_t most,
                                                std::uint64_t least = 1);
/// "1.5" CPUs in units of 1e-9.
[[nodiscard]] Result<std::int64_t> parse_cpus(const std::string& option, const std::string& text);
/// Bytes, as docker takes them: 1000000, 512m, 64MiB, 1.5 GB.
[[nodiscard]] Result<std::int64_t> parse_memory(const std::string& option, const std::string& text);
/// "NAME=VALUE", or as docker has it a name alone: with the value it has in our environment, or not at all. Appends to
/// `environment`.
[[nodiscard]] Result<void> take_variable(const std::string& option, const std::string& text,
                                         std::vector<std::string>& environment);

}  // namespace nmz::command_line
