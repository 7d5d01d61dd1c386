// A plan whose subjects are executions of workloads: what nmzswarm asks of whichever plan it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nmz/dispatch/plan.hpp"

namespace nmz::schedule {

/// A workload's position in the list, from 0.
using Workload = std::uint32_t;

class WorkloadPlan : public dispatch::Plan {
 public:
  /// In the order in which they run. The memory is valid for as long as the plan.
  [[nodiscard]] virtual std::span<const Workload> workloads(dispatch::Subject subject) const = 0;
  /// Workloads with a result.
  [[nodiscard]] virtual std::size_t done() const = 0;

  /// Nothing of the list is started any more, though there is something left.
  [[nodiscard]] virtual bool starts_nothing() const { return false; }

  /// The outcome that was recorded last was a failure which does not count: the subject runs again, or will.
  [[nodiscard]] virtual bool runs_again(dispatch::Subject /*subject*/) const { return false; }
  /// How often that was so.
  [[nodiscard]] virtual std::uint32_t failures_before(dispatch::Subject /*subject*/) const { return 0; }
};

}  // namespace nmz::schedule
