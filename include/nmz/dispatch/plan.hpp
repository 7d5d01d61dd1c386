// What is to be run, as the dispatcher sees it.
//
// A plan knows subjects (commits, workloads) and what their outcomes mean; it knows no workers, processes or clock.
// search::BisectPlan and the plans of schedule/ are such; example/plan is one of one's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/job/outcome.hpp"

namespace nmz::dispatch {

/// The plan's own number for a thing to run.
using Subject = std::uint32_t;

class Plan {
 public:
  Plan() = default;
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  Plan(Plan&&) = delete;
  Plan& operator=(Plan&&) = delete;
  virtual ~Plan() = default;

  /// At most `count` subjects to run now; they count as running until record() or give_back().
  /// Fewer means that the other workers have nothing useful to do for the time being.
  virtual std::vector<Subject> next(std::size_t count) = 0;

  /// The outcome of a running subject. `cancelled` and `skipped` are the user's word; what was skipped gets the same
  /// outcome each time it is handed out. Called once for each time next() handed it out, unless it was given back.
  /// The plan may hand it out once more; it then goes to another worker, if there is one within some time.
  virtual void record(Subject subject, const job::Outcome& outcome) = 0;

  /// A running subject ended without an outcome of its own (cancelled, or its worker was lost): it may be handed out
  /// again.
  virtual void give_back(Subject subject) = 0;

  /// The user wants what failed to be run once more. `item`: the plan's own number for it (of a list: the workload).
  /// Its outcome does not count any more, and next() hands out the subject that is returned. Nothing: it has no outcome
  /// yet, it has passed, or it is too late.
  virtual std::optional<Subject> run_again(std::uint32_t /*item*/) { return std::nullopt; }

  /// Running subjects whose outcome can no longer matter.
  [[nodiscard]] virtual std::vector<Subject> pointless() const = 0;

  /// What is handed out now is to run with nothing beside it.
  [[nodiscard]] virtual bool one_at_a_time() const { return false; }

  /// From now on everything runs so, whatever one_at_a_time() says: jobs have disturbed each other.
  virtual void serialise() {}

  /// The user has changed how many workers there are.
  virtual void work_with(std::size_t /*workers*/) {}

  /// next() will give nothing any more but what is given back to the plan: workers that are idle then are not needed.
  [[nodiscard]] virtual bool exhausted() const { return false; }

  /// Whether next() has learnt something by itself since this was asked last, as if outcomes had been recorded: what
  /// runs may have become pointless.
  [[nodiscard]] virtual bool take_news() { return false; }

  /// No further outcome can change the result. Running subjects are then pointless.
  [[nodiscard]] virtual bool finished() const = 0;
};

}  // namespace nmz::dispatch
