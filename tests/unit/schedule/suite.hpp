// A generated test suite: how long each test really lasts, what is expected of it, and how it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "nmz/schedule/batch_plan.hpp"

#include "random.hpp"
#include "workers.hpp"

namespace nmz::simulation {

struct SuiteShape {
  SuiteShape() = default;
  std::size_t tests = 0;
  double spread = 1;  ///< sigma of the lognormal duration
  std::chrono::nanoseconds mean = std::chrono::seconds{1};
  double error = 0.25;  ///< expectations are this much too large or too small, at most
  double unknown = 0;   ///< the share of tests without an expectation
  double failing = 0;   ///< the share of tests that fail
};

struct Suite {
  std::vector<std::chrono::nanoseconds> durations;
  std::vector<schedule::Expectation> expected;
  std::vector<job::Outcome> outcomes;
};

[[nodiscard]] Suite generate(const SuiteShape& shape, Random& random);

/// The tests of this project as they were once run, in the order of their list: a few long ones, many of an instant.
/// Expectations are up to a quarter too long or too short.
[[nodiscard]] Suite recorded(Random& random);

/// The makespan of a schedule that is made in advance: each test goes to the worker with the least expected work, the
/// longest first. Each costs `dispatch_cost` more.
[[nodiscard]] std::chrono::nanoseconds static_longest_first(const Suite& suite, std::size_t workers,
                                                            std::chrono::nanoseconds dispatch_cost);

/// The execution of one workload, or of a chunk: one after the other.
[[nodiscard]] Labour execution(const Suite& suite, std::span<const schedule::Workload> workloads);

}  // namespace nmz::simulation
