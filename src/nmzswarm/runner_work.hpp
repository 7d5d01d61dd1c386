// What a test runner adds to a suite: its tests are the workloads, several of them are one execution, and the
// executions' reports say what became of each.
//
// Between the suite, which asks for commands, the plan, which asks for answers, and the reporter, which shows logs and
// results. Reports are read when the agent has told an execution's end, before the plan hears of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/history/history.hpp"
#include "nmz/runner/group_run.hpp"
#include "nmz/runner/runner.hpp"
#include "nmz/schedule/batch_plan.hpp"
#include "nmz/schedule/group_plan.hpp"

namespace nmz::nmzswarm {

/// In the history, beside the tests: what the start of a process costs.
inline constexpr const char* start_row = "(start of the runner)";

class RunnerWork {
 public:
  /// `given`: what the user wrote after `--`.
  RunnerWork(std::unique_ptr<runner::Runner> runner, std::vector<std::string> given)
      : runner_{std::move(runner)}, given_{std::move(given)} {}

  [[nodiscard]] std::vector<std::string> listing() const;
  /// One a line.
  [[nodiscard]] Result<std::string> list(std::string_view output);

  /// The command of an execution. `secret`: nobody can guess it.
  runner::Command begin(job::JobId job, std::vector<std::string> ids, const std::string& secret);
  /// What of an execution's output is for its log.
  std::string output(job::JobId job, std::string_view bytes);
  /// It has ended; returns the rest of its output.
  /// `learns`: it tells what a start costs, too.
  std::string finished(const dispatch::Assign& assignment, const job::Outcome& outcome, std::chrono::nanoseconds took,
                       bool learns);
  /// All about it has been told.
  void forget(job::JobId job, dispatch::Subject subject) {
    under_way_.erase(job);
    ends_.erase(subject);
  }

  [[nodiscard]] std::vector<schedule::Answer> answers(dispatch::Subject subject) const;
  /// Of the last execution of `subject`, by its workloads; nothing where it told nothing.
  [[nodiscard]] const std::vector<std::optional<runner::TestEnd>>& ends(dispatch::Subject subject) const;

  /// Of a runner without reports.
  void skip_by(std::vector<std::int32_t> codes) { skip_codes_ = std::move(codes); }
  [[nodiscard]] std::size_t most_together() const { return runner_->most_together(); }
  [[nodiscard]] std::vector<std::uint32_t> units(const std::vector<std::string>& ids) const;
  /// Where nothing is expected: what the list said.
  void expect_as_listed(const std::vector<std::string>& ids, std::vector<schedule::Expectation>& expectations) const;
  void expect_start(std::optional<std::chrono::nanoseconds> start) { start_ = start.value_or(start_); }
  [[nodiscard]] std::chrono::nanoseconds start() const { return start_; }
  /// What this run has learnt about starts.
  [[nodiscard]] std::vector<history::Observation> starts() const;

 private:
  void learn_start(std::chrono::nanoseconds took, const std::vector<std::optional<runner::TestEnd>>& ends);

  std::unique_ptr<runner::Runner> runner_;
  std::vector<std::string> given_;
  std::map<job::JobId, runner::GroupRun> under_way_;
  std::map<dispatch::Subject, std::vector<std::optional<runner::TestEnd>>> ends_;
  std::map<std::string, std::chrono::nanoseconds> listed_times_;
  std::vector<std::int32_t> skip_codes_;
  std::size_t silent_ = 0;  ///< executions without a word about any test, as long as there is no other
  bool heard_ = false;
  std::chrono::nanoseconds start_{0};
  std::vector<std::chrono::nanoseconds> starts_;
};

}  // namespace nmz::nmzswarm
