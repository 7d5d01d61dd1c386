// The end of a file, for what shows only the ends of logs.
#pragma once

#include <cstddef>
#include <string>

namespace nmz::files {

/// The last bytes of a file, from the start of a line on; empty where it cannot be read. `cut`, if given, is told
/// whether something stands before them.
[[nodiscard]] std::string tail_of_file(const std::string& path, std::size_t most, bool* cut = nullptr);

}  // namespace nmz::files
