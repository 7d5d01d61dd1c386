// The habits of our users that CLI11 does not know: a single dash is enough for a long option (-replicas 8, as Namazu
// Swarm documented its own), of an option given twice the last one counts (as for git and docker), and the help page
// begins with usage lines as git writes them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace CLI {
class App;
}

namespace nmz::command_line {

/// To be called before options are declared. `usage`: "Usage: ..." lines, each with its newline.
void set_up(CLI::App& app, std::string usage);

/// The help page when it was asked for, nothing otherwise. Errors (misconfigured): one line, with `hint` at its end.
/// An option whose value is empty is an error as well, unless it is one of `may_be_empty`: in `--image "$IMAGE"` the
/// variable is not set, and that must not mean "without an image".
[[nodiscard]] Result<std::optional<std::string>> parse(CLI::App& app, const std::vector<std::string>& arguments,
                                                       const std::string& hint,
                                                       const std::set<std::string>& may_be_empty = {});

}  // namespace nmz::command_line
