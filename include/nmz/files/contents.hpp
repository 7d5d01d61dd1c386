// Reading a file whose name may lead to anything.
//
// Opening a FIFO waits until somebody writes to it, and reading from a device can go on for ever: where a name is found
// and not given (what lies in a git directory), such a thing is no file.
#pragma once

#include <optional>
#include <string>

namespace nmz::files {

/// All of it; nothing when there is no such regular file (links are followed), or it cannot be read. What has no size,
/// as in /proc, is read to its end.
[[nodiscard]] std::optional<std::string> contents(const std::string& path);

}  // namespace nmz::files
