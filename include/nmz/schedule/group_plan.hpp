// A plan whose executions are groups of tests that share one process and have a verdict each.
//
// Starting a process of a test runner costs something (`start`), so short tests share one; what stands behind a long
// one waits, so groups have to become small towards the end. Hence:
// - A test that would upset the balance at the end (a tenth of a worker's share) and is worth a start of its own runs
//   alone, longest first. The others keep their order in the list: neighbours share fixtures, files, caches.
// - These are cut in waves (factoring: Hummel, Schonberg, Flynn 1992): each worker gets an equal part of what is left
// at
//   the beginning of a wave, and the waves become smaller. What a further wave could even out has to be worth its
//   starts, or this wave takes everything.
// - A duration that is unknown counts as a high quantile of the known ones: to take a long test for a short one costs
//   the end of the run, the contrary costs a start. Where none is known all count the same, until the first groups have
//   shown what tests last.
// - Tests of different `units` (a program, a package) cannot share a process.
//
// What an execution said of its tests is asked of `answers` when it has ended. A test about which it said nothing runs
// again: all of those together if others of their group got a verdict (the one that took the process down is told as
// failed by `answers`), else in halves, so that the one which is to blame for the silence is found; alone it is told as
// failed in any case. So each round settles a test or halves a group, and it ends.
//
// A failure is tried again (`retries`) alone and at the end.
//
// Pure: no clock, no randomness, no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <span>
#include <vector>

#include "nmz/schedule/batch_plan.hpp"
#include "nmz/schedule/workload_plan.hpp"

namespace nmz::schedule {

enum class Said : std::uint8_t { passed, failed, nothing };

/// What an execution told about one of its tests.
struct Answer {
  Said said = Said::nothing;
  std::chrono::nanoseconds took{0};
};

struct GroupOptions {
  GroupOptions() = default;
  std::size_t workers = 1;
  std::chrono::nanoseconds start{0};  ///< of a process; 0 = unknown
  std::vector<std::uint32_t> units;   ///< of each test; empty: all are of one
  std::uint32_t retries = 0;
  std::size_t failures_to_stop = 0;
  std::size_t largest = 0;  ///< tests in a group; 0 = no limit
};

class GroupPlan final : public WorkloadPlan {
 public:
  /// For an execution that ended by itself: one answer for each of its workloads, in their order.
  using Answers = std::function<std::vector<Answer>(dispatch::Subject, const job::Outcome&)>;

  GroupPlan(const std::vector<Expectation>& expected, GroupOptions options, Answers answers);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  /// Alone.
  std::optional<dispatch::Subject> run_again(Workload test) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool exhausted() const override;
  [[nodiscard]] bool finished() const override;
  void work_with(std::size_t workers) override { options_.workers = workers; }
  /// As observed: what a process costs beside its tests.
  void learn_start(std::chrono::nanoseconds start);

  [[nodiscard]] std::span<const Workload> workloads(dispatch::Subject subject) const override;
  [[nodiscard]] std::size_t done() const override { return done_; }

  [[nodiscard]] bool settled(Workload test) const { return tests_.at(test).settled; }
  [[nodiscard]] std::uint32_t failures_of(Workload test) const { return tests_.at(test).failures; }
  /// Executions of it that have been recorded.
  [[nodiscard]] std::uint32_t executions_of(Workload test) const { return tests_.at(test).executions; }

 private:
  struct Test {
    double seconds = 0;
    std::uint32_t unit = 0;
    std::uint32_t failures = 0;
    std::uint32_t executions = 0;
    bool settled = false;
    bool passed = false;
    bool failed = false;
  };

  dispatch::Subject add(std::vector<Workload> tests);
  [[nodiscard]] std::vector<Workload> cut();
  [[nodiscard]] double fair_share() const;
  [[nodiscard]] double part_of_wave();
  void learn(const std::vector<Workload>& group, const std::vector<Answer>& answers);
  void settle(Workload test, bool passed, bool failed);
  void again(const std::vector<Workload>& unreported, bool together);

  GroupOptions options_;
  Answers answers_;
  double fraction_;
  double start_;
  std::vector<Test> tests_;
  std::deque<Workload> long_;   ///< longest first
  std::deque<Workload> short_;  ///< in the order of the list
  double left_ = 0;             ///< seconds, of both
  double part_ = 0;             ///< of each group of this wave, in seconds
  std::size_t parts_ = 0;       ///< groups that this wave still has
  double learnt_start_ = 0;
  bool nothing_known_;                        ///< and so far nothing learnt
  std::deque<std::vector<Workload>> groups_;  ///< by subject; a deque, because spans point into it
  std::deque<dispatch::Subject> returned_;    ///< to be handed out first
  std::deque<dispatch::Subject> retried_;     ///< to be handed out last
  std::set<dispatch::Subject> running_;
  std::size_t done_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace nmz::schedule
