// What is configured, for people to read.
#pragma once

#include <string>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/configuration/configuration.hpp"
#include "nmz/run/program.hpp"

namespace nmz::run {

/// What counts for the program: of an option the last value, of a list all. By name.
[[nodiscard]] std::vector<configuration::Value> in_force(const Program& program, const command_line::Parser& options,
                                                         const std::vector<configuration::Value>& values);

/// A line each.
[[nodiscard]] std::string table_of(const std::vector<configuration::Value>& values);

}  // namespace nmz::run
