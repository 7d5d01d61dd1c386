// Defaults of options: which one is meant, and what its value means where a configuration has it.
//
// git does not tell upper from lower case in a key, and dashes are as often left out as written: all spellings of an
// option's long name mean it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/command_line/option.hpp"
#include "nmz/command_line/parser.hpp"

namespace nmz::command_line {

/// "--log-dir", "logDir" and "logdir" are one.
[[nodiscard]] std::string folded(std::string_view name);

/// "--jobs" and "--replicas" of "-j,--jobs,--replicas".
[[nodiscard]] std::vector<std::string> long_names(const std::string& names);

/// "--no-jobs" of "--jobs", "--keep-trees" of "--no-keep-trees".
[[nodiscard]] std::string opposite(const std::string& name);

/// As git reads it: true, yes, on, 1; false, no, off, 0, "".
[[nodiscard]] std::optional<bool> boolean(std::string text);

/// Those that count, in order.
[[nodiscard]] std::vector<Default> in_force(const std::vector<Default>& given);

/// Of a file or a directory "~/" is the user's home, which on a command line the shell puts in; what is said once of a
/// repository is said from its top, wherever one is.
[[nodiscard]] std::string as_meant(const Option& row, const std::string& value);

/// `wrong`: what the option said to it.
[[nodiscard]] Error located(const Default& one, const std::string& wrong);

}  // namespace nmz::command_line
