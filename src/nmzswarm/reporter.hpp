// Turns what the coordinator observes into the views' events, keeps the logs, counts results and measures phases.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/coordinator/observer.hpp"
#include "nmz/history/history.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/view/suite_event.hpp"

#include "executions.hpp"
#include "run_state.hpp"
#include "suite.hpp"
#include "time_split.hpp"

namespace nmz::nmzswarm {

class Reporter final : public coordinator::Observer {
 public:
  Reporter(Suite& suite, logs::LogStore& logs, std::uint32_t workers);

  void add(view::SuiteView& view) { views_.push_back(&view); }
  /// Where results are kept for --rerun; outlives this.
  void keep_state(RunState& state) { state_ = &state; }
  void show(const view::SuiteEvent& event);
  /// The list is known, or could not be made.
  void listed();
  /// Something worth a line in the split of the time has happened now.
  void reached(const std::string& phase);

  void worker_ready(job::WorkerId worker, const wire::Welcome& welcome) override;
  void started(const dispatch::Assign& assignment, job::Phase phase) override;
  void assigned(const dispatch::Assign& assignment) override;
  void log(const dispatch::Assign& assignment, std::string_view bytes) override;
  void ended(const dispatch::Ended& ended) override;
  void given_up(const dispatch::GivenUp& given_up) override;
  void tick() override;

  [[nodiscard]] view::Seconds elapsed() const;
  /// All that is known at the end but its result, message and exit code.
  [[nodiscard]] view::SuiteEnded summary() const;
  /// At the end; those that never ran are among them.
  [[nodiscard]] Executions& executions();
  /// For the history: executions of one workload that gave a verdict.
  [[nodiscard]] const std::vector<history::Observation>& observations() const { return observations_; }

 private:
  void count(const dispatch::Ended& ended, const view::WorkloadDone& done);
  [[nodiscard]] view::WorkloadResult result_of(const dispatch::Ended& ended) const;
  [[nodiscard]] view::Seconds expected_left() const;
  void show_trouble();
  void count_hunted(view::SuiteEnded& ended) const;
  [[nodiscard]] bool keeps_log(const dispatch::Ended& ended, view::WorkloadResult result);
  void tell_missing_timeouts();

  Suite& suite_;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Executions executions_;
  TimeBook times_;
  RunState* state_ = nullptr;
  std::uint32_t workers_;
  std::uint32_t ready_ = 0;
  std::vector<view::SuiteView*> views_;
  std::set<job::JobId> running_;  ///< those that have begun
  view::SuiteCounts counts_;
  std::vector<view::Failure> failures_;
  std::vector<view::Failure> flaky_;
  std::set<schedule::Workload> passing_logs_;  ///< of a hunt: those with one that is kept
  /// Failures that do not count because the workload is run again; at the end, of those that never were, they do.
  std::map<dispatch::Subject, std::pair<view::WorkloadResult, view::Failure>> to_be_retried_;
  std::map<dispatch::Subject, std::size_t> cancelled_;  ///< how many workloads
  std::vector<history::Observation> observations_;
  std::vector<std::chrono::nanoseconds> durations_;
  std::vector<std::pair<std::string, view::Seconds>> phases_;
  view::Seconds expected_work_left_{0};
  bool all_expected_ = false;  ///< the history knows every workload
  view::Seconds first_start_{0};
  view::Seconds last_end_{0};
  bool anything_started_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace nmz::nmzswarm
