// A plan in which not everything may run beside everything: what is exclusive runs with nothing beside it, and what
// needs a resource (a database, a port, a phone) only while there is a slot of it left.
//
// It decorates another plan, which sees the same subjects and outcomes. A subject that the other plan hands out and
// that may not run yet is held here, and what comes behind it is looked at: workers do not wait while anything may run.
// So exclusive subjects come to run at the end of a list, one after the other, when the others have run anyhow; to
// drain all workers for each of them in between would cost each time what the longest of the others lasts.
//
// A list ends; a hunt does not. So that nothing starves, a subject that was held while as many others were started as
// there are workloads lets nothing pass any more.
//
// A job that waits at a worker has its slots already: never more are in use than there are, and now and then one less
// than could be.
//
// Pure: no clock, no randomness, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

struct Constraints {
  Constraints() = default;
  std::vector<std::uint32_t> slots;               ///< of each resource, at least one
  std::vector<std::vector<std::uint32_t>> needs;  ///< of each workload: resources, each once; a slot of each
  std::vector<bool> exclusive;                    ///< each workload
};

class ConstrainedPlan final : public WorkloadPlan {
 public:
  /// `constraints`: about every workload of the plan.
  ConstrainedPlan(std::unique_ptr<WorkloadPlan> plan, Constraints constraints);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  std::optional<dispatch::Subject> run_again(Workload workload) override { return plan_->run_again(workload); }
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool one_at_a_time() const override { return plan_->one_at_a_time(); }
  void serialise() override { plan_->serialise(); }
  void work_with(std::size_t workers) override { plan_->work_with(workers); }
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override { return plan_->finished(); }

  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject subject) const override {
    return plan_->workloads(subject);
  }
  [[nodiscard]] std::size_t done() const override { return plan_->done(); }
  [[nodiscard]] bool runs_again(dispatch::Subject subject) const override { return plan_->runs_again(subject); }
  [[nodiscard]] std::uint32_t failures_before(dispatch::Subject subject) const override {
    return plan_->failures_before(subject);
  }
  [[nodiscard]] bool starts_nothing() const override { return plan_->starts_nothing(); }

 private:
  struct Held {
    dispatch::Subject subject = 0;
    std::uint64_t since = 0;  ///< as `starts_` was
  };
  [[nodiscard]] bool exclusive(dispatch::Subject subject) const;
  [[nodiscard]] std::set<std::uint32_t> needs(dispatch::Subject subject) const;
  [[nodiscard]] bool may_start(dispatch::Subject subject) const;
  void start(dispatch::Subject subject);
  void release(dispatch::Subject subject);
  void return_held();
  [[nodiscard]] bool start_held(std::size_t count, std::vector<dispatch::Subject>& started);

  std::unique_ptr<WorkloadPlan> plan_;
  Constraints constraints_;
  std::vector<std::uint32_t> free_;  ///< slots of each resource
  std::deque<Held> held_;            ///< handed out by the other plan, in its order
  std::set<dispatch::Subject> running_;
  bool alone_ = false;        ///< what runs is exclusive
  std::uint64_t starts_ = 0;  ///< so far
};

}  // namespace nmz::schedule
