// A plan in which a failure is tried again before it counts.
//
// It decorates another one, which sees only the outcome that counts: the first one that is no failure, or the last
// failure. What failed is handed out again when the other plan has nothing more to hand out: a retry is worth least of
// all work, and a failure that comes from the load or from a neighbour has a better chance at the end. It keeps its
// number, so that the dispatcher counts attempts and looks for another worker.
//
// Outcomes about the infrastructure are passed on: the dispatcher has retried them already.
//
// Pure: no clock, no randomness, no I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

class RetryPlan final : public WorkloadPlan {
 public:
  /// `retries`: executions after the first one, for each subject.
  RetryPlan(std::unique_ptr<WorkloadPlan> plan, std::uint32_t retries);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// It gets its retries once more.
  std::optional<dispatch::Subject> run_again(Workload workload) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  /// A failure may bring more: one idle worker is enough for it, beside the one that is free then.
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;

  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject subject) const override;
  [[nodiscard]] std::size_t done() const override;
  [[nodiscard]] bool runs_again(dispatch::Subject subject) const override;
  [[nodiscard]] std::uint32_t failures_before(dispatch::Subject subject) const override;

 private:
  struct Retried {
    std::uint32_t failures = 0;
    bool running = false;
    bool recorded = false;
  };
  std::unique_ptr<WorkloadPlan> plan_;
  std::uint32_t retries_;
  std::deque<dispatch::Subject> again_;
  std::unordered_map<dispatch::Subject, Retried> retried_;
};

}  // namespace nmz::schedule
