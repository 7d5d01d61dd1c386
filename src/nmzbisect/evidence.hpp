// What the log of the test says that decided, so that nobody has to look for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nmz::nmzbisect {

struct Evidence {
  Evidence() = default;
  std::string path;   ///< empty when there is no log
  std::string lines;  ///< its last ones, made printable; empty or with a newline at the end
  std::string cause;  ///< of these, the last one that names a usual trouble of the surroundings; may be empty
};

[[nodiscard]] Evidence evidence_in(const std::string& path, std::size_t lines);

/// The last line that speaks of a missing file or program, a port in use, a server out of reach and the like.
[[nodiscard]] std::string likely_cause(std::string_view text);

}  // namespace nmz::nmzbisect
