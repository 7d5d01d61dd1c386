// A plan of workloads whose list is made by the first job: the master script runs on the worker that is ready first,
// while the others still start.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

/// The subject that stands for making the list.
inline constexpr dispatch::Subject listing = std::numeric_limits<dispatch::Subject>::max();

class ListedPlan final : public dispatch::Plan {
 public:
  /// Called with the outcome of the listing job, once; gives the plan for the list, or nothing where there is none
  /// (then the run is finished).
  using MakePlan = std::function<std::unique_ptr<WorkloadPlan>(const job::Outcome&)>;

  /// What the outcome of an execution is for the plan of the list.
  using Meaning = std::function<job::Outcome(dispatch::Subject, const job::Outcome&)>;

  explicit ListedPlan(MakePlan make);
  /// The list is there already.
  explicit ListedPlan(std::unique_ptr<WorkloadPlan> batches);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  std::optional<dispatch::Subject> run_again(std::uint32_t workload) override {
    return batches_ ? batches_->run_again(workload) : std::nullopt;
  }
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool one_at_a_time() const override { return batches_ && batches_->one_at_a_time(); }
  [[nodiscard]] bool take_news() override { return batches_ && batches_->take_news(); }
  void serialise() override {
    if (batches_) batches_->serialise();
  }
  void work_with(std::size_t workers) override {
    if (batches_) batches_->work_with(workers);
  }

  /// Without it outcomes are what they are.
  void read_outcomes_as(Meaning meaning) { meaning_ = std::move(meaning); }

  /// Null until there is a list.
  [[nodiscard]] WorkloadPlan* batches() { return batches_.get(); }
  [[nodiscard]] const WorkloadPlan* batches() const { return batches_.get(); }

 private:
  MakePlan make_;
  Meaning meaning_;
  bool running_ = false;
  bool listed_ = false;
  std::unique_ptr<WorkloadPlan> batches_;
};

}  // namespace nmz::schedule
