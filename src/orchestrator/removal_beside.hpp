// Removing much at the end of a program, without its user's waiting.
//
// A child does it, in a session of its own and with none of the program's descriptors but those it needs: whoever reads
// the program's output sees its end. The program waits as long as there is little to do, so that a small directory is
// gone, and what could not be removed is told, when the program has ended.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nmz/files/removal.hpp"

namespace nmz::orchestrator {

/// Runs `work` in a child. What it returns (lines), if that comes before it has made much progress; nothing lines
/// otherwise. Nothing at all when there can be no child.
[[nodiscard]] std::optional<std::vector<std::string>> removal_beside(
    std::span<const int> needed, const std::function<std::vector<std::string>(const files::Progress&)>& work);

}  // namespace nmz::orchestrator
