// Every execution of a run, for the reports that are written at its end (report::Execution).
//
// Also those that gave no verdict: a workload whose worker was lost twice before it passed tells about the swarm, and a
// trace without these executions has holes. Logs are read at the end, of failures only, and only their ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/job/outcome.hpp"
#include "nmz/report/result.hpp"

namespace nmz::nmzswarm {

using Seconds = std::chrono::duration<double>;

/// The last bytes of a file, from the start of a line on; empty where it cannot be read. `cut`, if given, is told
/// whether something stands before them.
[[nodiscard]] std::string tail_of_file(const std::string& path, std::size_t most, bool* cut = nullptr);

/// What an outcome that counts says; `lost` where it says nothing about the workload.
[[nodiscard]] report::Verdict verdict_of(const job::Outcome& outcome);

class Executions {
 public:
  void ready(job::WorkerId worker, std::string node) { nodes_[worker] = std::move(node); }
  void began(const dispatch::Assign& assignment, Seconds now) { began_[assignment.job] = now; }
  /// A late end is about an execution whose end is known already, and ignored.
  void ended(const dispatch::Ended& ended, const std::string& workload, std::uint64_t attempt, const std::string& log,
             Seconds now);
  /// It was assigned and never began.
  void forget(job::JobId job) { began_.erase(job); }
  /// A workload that never ran.
  void not_run(const std::string& workload);
  /// A workload of the run that this one goes on with, which ended with this result (a word of view::word_of).
  void known_before(const std::string& workload, std::string_view result);
  void read_log_tails();

  [[nodiscard]] const std::vector<report::Execution>& all() const { return all_; }

 private:
  std::map<job::WorkerId, std::string> nodes_;
  std::map<job::JobId, Seconds> began_;
  std::vector<report::Execution> all_;
};

}  // namespace nmz::nmzswarm
