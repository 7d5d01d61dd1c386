// How long workloads took and how they ended, in earlier runs: one SQLite database of the user.
//
// A run asks once, at its start, what to expect of its workloads, and tells once, at its end, what happened. Several
// runs may do so at the same time, from several processes. The schema has a version (PRAGMA user_version) and older
// ones are migrated in a transaction; a file that a newer program wrote, or that is no database, is refused with a line
// that says what to do, and never written to.
//
// The journal is SQLite's rollback journal, not the write-ahead log: the history may stand on a network's file system,
// where the log's shared memory does not work, and it stays one file that can be copied and moved away. The cost is
// that readers wait for a writer's commit; each run reads once and writes once. A program killed at any time leaves the
// state before or after its transaction.
//
// Of each workload the last executions are kept as well, one by one: what has changed is not in a mean.
//
// Times are kept as exponentially weighted means with variances (EWMA, alpha 0.3, of the last runs mostly), per
// workload id and suite. Failed runs count as passed ones do: a test that fails today will most likely fail, and last
// as long, tomorrow. A suite is what makes ids comparable: the image's repository name (without tag or digest), or the
// command and directory of a local run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::history {

struct Expectation {
  Expectation() = default;
  std::chrono::nanoseconds mean{0};
  std::chrono::nanoseconds deviation{0};
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
};

struct Observation {
  Observation() = default;
  std::string workload;  ///< its id: any bytes but newline
  std::chrono::nanoseconds took{0};
  bool passed = true;
  std::string node;    ///< the machine or container; empty = unknown
  std::string runner;  ///< what ran it: "pytest"; empty = the command itself
  std::string commit;  ///< of which it was an execution; empty = unknown
};

/// An execution, as it is kept.
struct Execution {
  Execution() = default;
  std::chrono::nanoseconds took{0};
  bool passed = true;
  std::string node;
  std::string runner;
  std::string commit;
};

/// The last executions of a workload, the oldest first.
struct Past {
  Past() = default;
  std::string workload;
  std::vector<Execution> executions;
};

struct SuiteSummary {
  SuiteSummary() = default;
  std::string suite;
  std::uint64_t workloads = 0;
  std::uint64_t runs = 0;             ///< of all of its workloads together
  std::chrono::nanoseconds total{0};  ///< sum of the means
  std::chrono::system_clock::time_point last;
};

struct WorkloadSummary {
  WorkloadSummary() = default;
  std::string workload;
  Expectation expectation;
  std::chrono::system_clock::time_point last;
};

struct PruneRequest {
  PruneRequest() = default;
  std::optional<std::string> suite;                             ///< only of this one
  std::optional<std::chrono::system_clock::time_point> before;  ///< only what was last seen before
};

/// For one thread at a time. Errors name the file and say what to do; retryable ones (a full disk, a file that another
/// process keeps locked) leave what is stored as it was.
class History {
 public:
  /// How long a call waits for other processes that use the database, by default.
  static constexpr std::chrono::milliseconds default_patience{30'000};

  /// Opens or creates the database (and its directory). Errors (misconfigured): not a database, written by a newer
  /// program, damaged, not writable.
  [[nodiscard]] static Result<History> open(const std::filesystem::path& file,
                                            std::chrono::milliseconds patience = default_patience);

  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History();

  /// One entry a workload, in their order; nothing for one that was never seen.
  [[nodiscard]] Result<std::vector<std::optional<Expectation>>> expect(const std::string& suite,
                                                                       std::span<const std::string> workloads);

  /// All of a run's observations, in one transaction. A workload that is there twice ran twice.
  [[nodiscard]] Result<void> record(const std::string& suite, std::span<const Observation> observations,
                                    std::chrono::system_clock::time_point when);

  /// Executions that are kept of a workload.
  static constexpr std::int64_t most_kept = 30;

  /// By workload.
  [[nodiscard]] Result<std::vector<Past>> past(const std::string& suite);
  /// By name.
  [[nodiscard]] Result<std::vector<SuiteSummary>> suites();
  /// Longest mean first.
  [[nodiscard]] Result<std::vector<WorkloadSummary>> workloads(const std::string& suite);
  /// Forgets what fits all of the request (everything, if it names nothing). Returns how many workloads that were.
  [[nodiscard]] Result<std::size_t> prune(const PruneRequest& request);

 private:
  struct Impl;
  explicit History(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::history
