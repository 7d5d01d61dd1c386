// What the last executions of a suite's workloads say to a person: what is flaky, what has become slower, and which
// node or runner is slow.
//
// Slower: the last four passed executions against those before them, by the rank sum test of Wilcoxon (1945), one-sided
// and exact: nothing is assumed of how durations are spread, one outlier is not enough, and the machine's noise is in
// both. Of many workloads some would look slower by chance, so how sure it is follows from the rate of false ones among
// all that look at least as slow (Benjamini and Hochberg 1995).
//
// Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nmz/history/history.hpp"

namespace nmz::nmzswarm {

struct Flaky {
  std::string workload;
  std::size_t runs = 0;
  std::size_t failures = 0;
  std::size_t changes = 0;  ///< from passed to failed, or back
};

struct Slower {
  std::string workload;
  std::chrono::nanoseconds before{0};  ///< medians
  std::chrono::nanoseconds now{0};
  double sure = 0;  ///< from 0 to 1
};

/// A node, or a runner.
struct Place {
  std::string name;
  std::size_t runs = 0;
  std::size_t failures = 0;
  double pace = 1;  ///< median of what its executions took in terms of the median of their workload; 2 = twice as slow
};

struct Trends {
  std::vector<Flaky> flaky;    ///< those that have passed and failed; most changes first
  std::vector<Slower> slower;  ///< the surest first
  std::vector<Place> nodes;    ///< by name
  std::vector<Place> runners;
};

/// Of the rank sum test: how probable it is by chance that `later` are as large beside `earlier`.
[[nodiscard]] double chance_of_being_larger(std::span<const double> earlier, std::span<const double> later);

[[nodiscard]] Trends trends(const std::vector<history::Past>& pasts);

}  // namespace nmz::nmzswarm
