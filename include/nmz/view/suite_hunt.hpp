// What a hunt for flaky workloads found, as lines and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nmz::view {

/// Failures of one workload that look like one.
struct FailureGroup {
  std::string line;    ///< the first one that a passing run's log does not have
  bool stops = false;  ///< the log has no such line, it just stops; `line` is its last one
  std::string detail;  ///< of the first run: exit code, signal, ...
  std::vector<std::uint64_t> runs;
  std::uint64_t run = 0;  ///< the first one; what follows is about it
  std::uint64_t seed = 0;
  std::string log;
  std::string command;  ///< repeats it
};

struct HuntedWorkload {
  std::string name;
  std::uint64_t runs = 0;  ///< with a verdict
  std::uint64_t failures = 0;
  std::uint32_t lost = 0;
  double low = 0;  ///< of the 95 % interval of the failure rate
  double high = 1;
  std::string rate;  ///< in words
  std::vector<FailureGroup> groups;
};

/// For people: those that failed, with their groups; then the others, each with a line if `every`, else all in one.
[[nodiscard]] std::vector<std::string> hunt_lines(const std::vector<HuntedWorkload>& hunted, bool every);

}  // namespace nmz::view
