// Which failures are the same failure: logs grouped by the first line in which they differ from a passing run's.
//
// A test that fails in 40 of 1,000 runs rarely fails in 40 ways. Two logs of one failure share the line where things
// went wrong, and differ in times, addresses and process numbers before it. So lines are compared after numbers, hex
// numbers and times were replaced, and a line counts as a difference if the passing log has it nowhere: comparing line
// by line in order was rejected, because parallel tests print in another order each time. Without a passing log the
// lines that all the logs have say nothing, and the first other line counts.
//
// The cost: failures that differ in a number only ("expected 3, got 4") are one group.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::report {

struct FailureGroup {
  FailureGroup() = default;
  std::string line;               ///< as the first log of the group has it
  bool stops = false;             ///< no line of its own: the log just stops, and `line` is its last one
  std::vector<std::size_t> logs;  ///< their positions, ascending
};

/// Largest group first, then the one that came first.
[[nodiscard]] std::vector<FailureGroup> group_by_first_difference(
    std::span<const std::string> logs, std::optional<std::string_view> passing = std::nullopt);

/// The line with what varies between equal runs replaced by '#': numbers, 0x..., long hex words, UUIDs, times, and
/// durations with their unit; white space becomes single spaces.
[[nodiscard]] std::string normalised(std::string_view line);

}  // namespace nmz::report
