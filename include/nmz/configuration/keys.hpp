// The keys below nmz.*, beyond what the program at hand has an option for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nmz::configuration {

/// "log-dir" of "nmz.log-dir" and "nmz.bisect.log-dir"; `section` is "bisect" of the latter.
struct Name {
  Name() = default;
  std::string section;  ///< empty: for both programs
  std::string option;
};
[[nodiscard]] Name name_of(const std::string& key);

/// Those that are no options: what hooks are told.
[[nodiscard]] const std::vector<std::string>& hook_keys();

/// The long options that only one of the programs has; `section`: which one, "bisect" or "swarm".
[[nodiscard]] const std::vector<std::string>& options_of(std::string_view section);

}  // namespace nmz::configuration
