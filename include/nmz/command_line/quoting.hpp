// A command line that a person can copy into a shell.
#pragma once

#include <span>
#include <string>

namespace nmz::command_line {

/// The word for any POSIX shell; one with control characters for those that know $'...'.
[[nodiscard]] std::string quoted(const std::string& word);

[[nodiscard]] std::string shell_line(std::span<const std::string> words);

}  // namespace nmz::command_line
