// The options about running workloads more than once: retries, the hunt for flaky ones, going on with an earlier run.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"

namespace CLI {
class App;
}

namespace nmz::nmzswarm {

/// Which workloads of an earlier run run again.
enum class Rerun : std::uint8_t { nothing, failed, unfinished, last };

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

  /// Each workload runs many times.
  [[nodiscard]] bool hunts() const { return repeat > 0 || until_fail > 0 || hunt_for.count() > 0 || stop_at_width > 0; }
};

/// Declares the options and reads their texts.
class AgainArguments {
 public:
  void declare(CLI::App& app);
  /// Errors (misconfigured): one line. `chunked`: what does not go together with static chunks is refused.
  [[nodiscard]] Result<AgainOptions> take(const CLI::App& app, bool chunked) const;

 private:
  [[nodiscard]] Result<void> take_hunt(const CLI::App& app, AgainOptions& options) const;

  std::optional<std::string> retries_;
  std::optional<std::string> flaky_result_;
  std::optional<std::string> repeat_;
  std::optional<std::string> until_fail_;
  std::optional<std::string> hunt_for_;
  std::optional<std::string> stop_at_width_;
  std::optional<std::string> stress_cpu_;
  std::optional<std::string> rerun_;
};

}  // namespace nmz::nmzswarm
