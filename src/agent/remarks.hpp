// What a maintainer wants to know of an agent, in words for the coordinator's debug log (wire::Remark).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nmz::agent {

/// Who and where this process is, and what it may use. `tree`: empty when it has none.
[[nodiscard]] std::string whereabouts(const std::string& tree, bool in_a_world);
/// `files`: laid out, or removed.
[[nodiscard]] std::string laid_out(std::uint64_t files, std::chrono::nanoseconds took);
/// `prepared`: how long its world and its files took.
[[nodiscard]] std::string begins(std::uint64_t job, std::chrono::nanoseconds prepared, const std::string& tree);

}  // namespace nmz::agent
