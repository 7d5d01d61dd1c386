// The suite under way: its list once it is known, and what each execution is given. This is what the plan, the work
// source and the reporter know in common.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/coordinator/work_source.hpp"
#include "nmz/schedule/batch_plan.hpp"
#include "nmz/schedule/group_plan.hpp"
#include "nmz/schedule/listed_plan.hpp"
#include "nmz/schedule/repeat_plan.hpp"

#include "classification.hpp"
#include "options.hpp"
#include "runner_work.hpp"
#include "workload_list.hpp"

namespace nmz::nmzswarm {

/// What is expected of workloads, by the history.
using Expect = std::function<std::vector<schedule::Expectation>(const std::vector<std::string>&)>;

/// How the list came out.
struct Listing {
  Listing() = default;
  bool failed = false;
  std::string message;  ///< why, one line
  std::string output;   ///< all that was said then
  WorkloadList list;
};

class Suite final : public coordinator::WorkSource {
 public:
  /// `command`: argv of a workload's execution. `master_script`: makes the list on a worker.
  Suite(const Options& options, std::uint32_t workers, std::vector<std::string> command, Expect expect);

  /// Of the place: before anything else. What the user has given beats it.
  void set_environment(const std::vector<std::string>& of_place) {
    environment_.insert(environment_.begin(), of_place.begin(), of_place.end());
  }
  /// Where workers in a world of their own run it.
  void set_directory(std::string directory) { directory_ = std::move(directory); }
  /// Exactly one of them, before the run. Errors (misconfigured): an execution would be too large.
  Result<void> set_list(WorkloadList list);
  void set_master_script(std::string script);
  /// Its list is the list, and its tests are run in groups, unless it is a hunt.
  void set_runner(std::unique_ptr<RunnerWork> runner);

  [[nodiscard]] schedule::ListedPlan& plan() { return *plan_; }
  [[nodiscard]] const schedule::WorkloadPlan* batches() const { return plan_->batches(); }
  /// Null unless workloads are run many times, and until there is a list.
  [[nodiscard]] const schedule::RepeatPlan* hunt() const { return hunt_; }
  /// Null unless there is a runner.
  [[nodiscard]] RunnerWork* runner() { return runner_.get(); }
  /// Null unless executions are about groups of tests, and until there is a list.
  [[nodiscard]] const schedule::GroupPlan* groups() const { return groups_; }
  /// Null unless it is to be known why tests failed, and until there is a list.
  [[nodiscard]] const Classification* classification() const { return classification_.get(); }
  /// Null where the execution is one of the suite.
  [[nodiscard]] const schedule::ClassifyPlan::Experiment* experiment(dispatch::Subject subject) const {
    return classification_ == nullptr ? nullptr : classification_->experiment(subject);
  }
  /// Called when failed tests begin to run again.
  void on_classifying(std::function<void()> begins) { classifying_ = std::move(begins); }
  /// An execution has ended; before the plan hears of it.
  void finished(const dispatch::Assign& assignment, std::chrono::nanoseconds took);
  /// Since the first workload was started.
  void tell_time(std::chrono::nanoseconds now);
  [[nodiscard]] const Listing& listing() const { return listing_; }
  [[nodiscard]] const std::vector<std::string>& ids() const { return listing_.list.ids; }
  [[nodiscard]] const std::vector<schedule::Expectation>& expectations() const { return expectations_; }
  [[nodiscard]] std::size_t chunks() const;  ///< 0 unless chunked
  [[nodiscard]] bool timeout_is_multiple() const { return options_.timeout_factor > 0; }
  [[nodiscard]] const AgainOptions& again() const { return options_.again; }
  [[nodiscard]] bool nothing_is_well() const { return options_.no_tests_pass; }
  [[nodiscard]] Separator separator() const { return options_.separator; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  /// Of the execution among those of its workload: the run of a hunt, else the attempt.
  [[nodiscard]] std::uint64_t run_number(dispatch::Subject subject, std::uint32_t attempt) const;
  /// The subject's name for people, and in log files.
  [[nodiscard]] std::string name(dispatch::Subject subject) const;
  /// By its id, of a chunk by its name. Nothing: there is no such one, or no list yet.
  [[nodiscard]] std::optional<schedule::Workload> find(const std::string& workload) const;
  [[nodiscard]] std::string log_name(dispatch::Subject subject) const;
  [[nodiscard]] std::string test_log_name(schedule::Workload test) const;
  [[nodiscard]] schedule::Expectation expected(dispatch::Subject subject) const;

  /// By its exit code. Not where it has failed before: that would hide the failure.
  [[nodiscard]] bool skips(dispatch::Subject subject, const job::Outcome& outcome) const;

  /// From when on an execution is slow.
  [[nodiscard]] std::chrono::nanoseconds slow_after(dispatch::Subject subject) const;
  [[nodiscard]] bool shows_output() const {
    return options_.show_output == view::ShowOutput::live || options_.ui == run::Ui::screen;
  }
  /// The workload is on standard input, and nothing of the command names its variable.
  [[nodiscard]] bool gives_input() const;

  /// 0 = none.
  [[nodiscard]] std::chrono::milliseconds timeout(dispatch::Subject subject) const;

  /// Output of the listing job, as it comes.
  void listing_output(std::string_view bytes);
  /// Called with the ids of the list that the master script made; may remove some.
  void on_ids(std::function<void(std::vector<std::string>&)> narrow) { narrow_ = std::move(narrow); }
  /// Called when the list is there, or has failed.
  void on_listed(std::function<void()> listed) { listed_ = std::move(listed); }

  wire::Run run(const dispatch::Assign& assignment) override;
  std::unique_ptr<coordinator::Layout> layout(const dispatch::Assign& assignment,
                                              const coordinator::TreeKnowledge& known) override;

 private:
  [[nodiscard]] Result<void> check_sizes(const schedule::WorkloadPlan& plan) const;
  void use(std::unique_ptr<schedule::ListedPlan> plan);
  std::unique_ptr<schedule::WorkloadPlan> make_plan();
  std::unique_ptr<schedule::WorkloadPlan> take_listing(const job::Outcome& outcome);
  std::unique_ptr<schedule::WorkloadPlan> make_hunt();
  [[nodiscard]] std::unique_ptr<schedule::WorkloadPlan> constrained(std::unique_ptr<schedule::WorkloadPlan> plan) const;
  std::unique_ptr<schedule::WorkloadPlan> make_groups();
  std::unique_ptr<schedule::WorkloadPlan> classified(std::unique_ptr<schedule::WorkloadPlan> plan);
  void note_end(dispatch::Subject subject, const job::Outcome& outcome);
  [[nodiscard]] std::optional<schedule::Seen> look(dispatch::Subject subject, const job::Outcome& outcome) const;
  [[nodiscard]] std::string experiment_name(const schedule::ClassifyPlan::Experiment& experiment) const;
  void give_experiment(const dispatch::Assign& assignment, wire::Run& run);
  void put_before(const schedule::ClassifyPlan::Experiment& experiment, wire::Run& run) const;
  /// Of a workload by itself.
  [[nodiscard]] std::chrono::milliseconds limit(dispatch::Subject subject) const;
  [[nodiscard]] Result<WorkloadList> listed(std::string_view output) const;
  [[nodiscard]] wire::Run listing_run();
  void put_workloads(wire::Run& run, std::span<const schedule::Workload> workloads) const;
  void give_tests(const dispatch::Assign& assignment, std::span<const schedule::Workload> tests, wire::Run& run);
  /// By which a time limit for one of them is multiplied.
  [[nodiscard]] std::int64_t workloads_of(dispatch::Subject subject) const;

  const Options& options_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::uint32_t workers_;
  std::vector<std::string> command_;
  CommandTemplate template_;
  std::vector<std::string> environment_;
  Expect expect_;
  std::vector<std::string> lister_;  ///< prints the list
  std::unique_ptr<RunnerWork> runner_;
  std::string directory_;  ///< absolute; empty = where the worker is
  std::string mark_;       ///< stands before the list in the listing job's output
  std::string listing_output_;
  std::uint64_t seed_ = 0;
  Listing listing_;
  std::vector<schedule::Expectation> expectations_;
  std::function<void(std::vector<std::string>&)> narrow_;
  std::function<void()> listed_;
  std::unique_ptr<schedule::ListedPlan> plan_;
  schedule::RepeatPlan* hunt_ = nullptr;
  schedule::GroupPlan* groups_ = nullptr;
  std::unique_ptr<Classification> classification_;
  std::function<void()> classifying_;
  std::chrono::nanoseconds last_took_{0};  ///< of the execution that ended last
};

}  // namespace nmz::nmzswarm
