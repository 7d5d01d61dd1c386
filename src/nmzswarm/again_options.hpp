// The options about running workloads more than once: retries, the hunt for flaky ones, going on with an earlier run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "nmz/command_line/option.hpp"
#include "nmz/command_line/parser.hpp"
#include "nmz/error/result.hpp"

namespace nmz::nmzswarm {

/// Which workloads of an earlier run run again.
enum class Rerun : std::uint8_t { nothing, failed, unfinished, last };

/// --classify: what failed runs again until it is known why.
struct ClassifyChoice {
  ClassifyChoice() = default;
  std::uint32_t most_runs = 0;                               ///< of each failed test; 0 = it is not asked for
  std::chrono::milliseconds time{std::chrono::minutes{10}};  ///< for all of them
};

struct AgainOptions {
  AgainOptions() = default;
  std::uint32_t retries = 0;
  bool flaky_fails = false;  ///< --flaky-result fail

  std::uint64_t repeat = 0;      ///< runs of each workload; 0 = not limited by it
  std::uint64_t until_fail = 0;  ///< failures that end the hunt; 0 = none do
  std::chrono::milliseconds hunt_for{0};
  double stop_at_width = 0;  ///< of the 95 % interval of a workload's failure rate
  std::uint32_t stress_cpu = 0;

  Rerun rerun = Rerun::nothing;
  ClassifyChoice classify;

  /// Each workload runs many times.
  [[nodiscard]] bool hunts() const { return repeat > 0 || until_fail > 0 || hunt_for.count() > 0 || stop_at_width > 0; }
};

/// The rows of the table. `options` outlives the parser.
[[nodiscard]] std::vector<command_line::Option> again_options(AgainOptions& options);

/// By which a hunt is asked for.
inline const std::vector<std::string> hunting_options{"--repeat", "--until-fail", "--for", "--stop-at-width"};

/// What does not go together. Errors (misconfigured): one line. `chunked`: nor with static chunks.
[[nodiscard]] Result<void> check(const AgainOptions& options, bool chunked, command_line::Parser& parser);

}  // namespace nmz::nmzswarm
