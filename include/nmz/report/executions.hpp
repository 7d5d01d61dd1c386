// Every execution of a run, gathered from its events, for the reports that are written at its end.
//
// Also those that gave no result: a workload whose worker was lost twice before it passed tells about the swarm, and a
// trace without these executions has holes. What no event tells is added: workloads that never ran, and those of the
// run that this one goes on with. Logs are read at the end, of failures only, and only their ends.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/events/stream.hpp"
#include "nmz/report/result.hpp"

namespace nmz::report {

class Executions final : public events::Consumer {
 public:
  void show(const events::Event& event, events::Seconds now) override;

  /// A workload that never ran.
  void not_run(const std::string& workload);
  /// A workload of the run that this one goes on with, which ended with this result (events::word_of).
  void known_before(const std::string& workload, std::string_view result);
  /// Why they failed.
  void classified(const std::vector<events::ClassifiedTest>& tests);
  void read_log_tails();

  [[nodiscard]] const std::vector<Execution>& all() const { return all_; }

 private:
  void ended(const events::JobEnded& event, events::Seconds now);

  std::map<job::WorkerId, std::string> nodes_;
  std::map<job::JobId, events::Seconds> began_;
  std::vector<Execution> all_;
};

}  // namespace nmz::report
