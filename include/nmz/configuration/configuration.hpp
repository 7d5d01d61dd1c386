// What the user has said once, in git's configuration: the keys nmz.*, of this command (git -c), the work tree, the
// repository, the user and the system; and what the repository says of itself, where the user trusts it (tracked.hpp).
//
// git itself is asked, in one process: only git knows all of includes, conditional includes, GIT_CONFIG_COUNT, linked
// work trees and what of another user's repository may be read. Where no git is installed nothing is configured.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::configuration {

struct Value {
  Value() = default;
  std::string key;     ///< as git prints it: "nmz.timeout", "nmz.bisect.log-lines"; section and name in lower case
  std::string value;   ///< "true" where the key stands alone, without '='
  std::string scope;   ///< system, global, tracked, local, worktree or command, which is their order
  std::string origin;  ///< "file:/etc/gitconfig", absolute; "command line:"
  bool alone = false;  ///< without '='
};

/// Every nmz.* that holds in `directory` ("" = here), in git's order: of a key the last one counts, lists collect.
/// Outside of a repository: the user's and the system's. Errors (misconfigured): one line, which names file and line as
/// git says it.
[[nodiscard]] Result<std::vector<Value>> read(const std::string& directory);

struct Holding {
  Holding() = default;
  std::vector<Value> values;
  std::string notice;  ///< one line: a file that is not used
};
/// The same, and what the user should know of it.
[[nodiscard]] Result<Holding> consult(const std::string& directory);

[[nodiscard]] std::optional<std::string> last(const std::vector<Value>& values, std::string_view key);

/// Of a list; an empty value takes back what was there before, as in git.
[[nodiscard]] std::vector<std::string> all(const std::vector<Value>& values, std::string_view key);

}  // namespace nmz::configuration
