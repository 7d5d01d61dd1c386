// A plan that asks why tests have failed, when the plan that it decorates is done: each of them runs again in several
// settings (Diagnosis).
//
// - alone, under CPU load, after the tests before it: with nothing beside it, on whichever worker is free. One such
//   execution runs at a time, in the whole cluster: what it is to be free of may be anywhere.
// - beside others: several of the failed tests at once, one on each worker, and on the others tests that have not
//   failed, one after the other, for as long as one of those that are asked about runs.
//
// Failed tests take turns, so that after any time all are known about equally well. Executions that the infrastructure
// took away say nothing; a test that loses many is given up. When the time is up nothing more is begun.
//
// All tries of a test in one setting are one subject: what is handed out again goes to another worker than before.
//
// Executions of the decorated plan keep their numbers, below `first_experiment`.
//
// Pure: time is told.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "nmz/schedule/diagnosis.hpp"
#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

inline constexpr dispatch::Subject first_experiment = dispatch::Subject{1} << 31U;

struct FailedTest {
  FailedTest() = default;
  Workload workload = 0;
  bool timed_out = false;        ///< it gets more time, to see whether it needs that
  bool alone_only = false;       ///< nothing may run beside it
  std::vector<Workload> before;  ///< what ran before it, the last one last; empty = nothing
};

struct ClassifyOptions {
  ClassifyOptions() = default;
  std::size_t workers = 1;
  std::uint32_t most_runs = 40;      ///< of each failed test
  std::chrono::nanoseconds time{0};  ///< after which no execution begins; 0 = no limit
  std::uint32_t most_lost = 5;
};

class ClassifyPlan final : public WorkloadPlan {
 public:
  struct Experiment {
    Experiment() = default;
    Workload workload = 0;
    Setting setting = Setting::alone;
    bool neighbour = false;  ///< nobody asks about it, it only runs beside others
    bool more_time = false;
    std::uint32_t number = 1;  ///< of the test's executions here, or of all neighbours: the latest one's
    std::vector<Workload> before;
  };
  struct Asked {
    Asked(FailedTest test_in, Diagnosis diagnosis_in) : test{std::move(test_in)}, diagnosis{diagnosis_in} {}
    FailedTest test;
    Diagnosis diagnosis;
    std::array<std::optional<dispatch::Subject>, setting_count> subjects;
    std::uint32_t begun = 0;
    std::uint32_t lost = 0;
    bool done = false;
  };
  /// Asked once, when the decorated plan is done.
  using Failures = std::function<std::vector<FailedTest>()>;
  /// What may run beside others; asked then, too.
  using Neighbours = std::function<std::vector<Workload>()>;
  /// What an execution that ended by itself says about its test; nothing: it says nothing.
  using Look = std::function<std::optional<Seen>(dispatch::Subject, const job::Outcome&)>;

  ClassifyPlan(std::unique_ptr<WorkloadPlan> plan, ClassifyOptions options, Failures failures, Neighbours neighbours,
               Look look);

  /// Never earlier than before.
  void tell_time(std::chrono::nanoseconds now) { now_ = now; }
  /// Called when the questions are known, if there are any.
  void on_begin(std::function<void()> begins) { begins_ = std::move(begins); }

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool one_at_a_time() const override { return plan_->one_at_a_time(); }
  void serialise() override;
  void work_with(std::size_t workers) override;
  [[nodiscard]] bool take_news() override { return plan_->take_news(); }
  [[nodiscard]] bool exhausted() const override { return finished(); }
  [[nodiscard]] bool finished() const override;

  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject subject) const override;
  [[nodiscard]] std::size_t done() const override { return plan_->done(); }
  [[nodiscard]] bool starts_nothing() const override { return plan_->starts_nothing(); }
  [[nodiscard]] bool runs_again(dispatch::Subject subject) const override;
  /// Of an experiment one: the failure that is asked about.
  [[nodiscard]] std::uint32_t failures_before(dispatch::Subject subject) const override;

  /// Null for an execution of the decorated plan.
  [[nodiscard]] const Experiment* experiment(dispatch::Subject subject) const;
  [[nodiscard]] const std::vector<Asked>& asked() const { return asked_; }

 private:
  void begin();
  [[nodiscard]] bool time_is_up() const;
  [[nodiscard]] bool may_have_neighbours() const;
  [[nodiscard]] bool is_asked_about() const;
  [[nodiscard]] std::optional<Setting> wanted(const Asked& one, bool company) const;
  struct Choice {
    std::size_t asked = 0;
    Setting setting = Setting::alone;
  };
  [[nodiscard]] std::optional<Choice> choose(bool company) const;
  [[nodiscard]] bool has_company(std::size_t free) const;
  void lose(Workload workload);
  dispatch::Subject add(Experiment experiment);
  dispatch::Subject try_in(Asked& one, Setting setting);
  dispatch::Subject neighbour();
  std::vector<dispatch::Subject> together(std::size_t first, std::size_t count);

  std::unique_ptr<WorkloadPlan> plan_;
  ClassifyOptions options_;
  Failures failures_;
  Neighbours ask_neighbours_;
  std::vector<Workload> neighbours_;
  Look look_;
  std::function<void()> begins_;
  bool began_ = false;
  bool serial_ = false;  ///< nothing runs beside anything any more
  std::chrono::nanoseconds now_{0};
  std::chrono::nanoseconds since_{0};  ///< when it began
  std::set<dispatch::Subject> suite_running_;
  std::vector<Asked> asked_;
  std::size_t turn_ = 0;
  std::size_t next_neighbour_ = 0;
  std::uint32_t neighbours_begun_ = 0;
  std::deque<Experiment> experiments_;  ///< a deque, because spans point into it
  std::set<dispatch::Subject> running_;
};

}  // namespace nmz::schedule
