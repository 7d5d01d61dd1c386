// Which commits will probably turn out untestable, given those that did?
//
// Commits that cannot be tested come in runs: a build is broken until somebody repairs it. How long such runs are is
// not known beforehand, so every scale (1, 2, 4, ... commits) starts equally likely, and each test near a skipped
// commit moves the odds. For one scale, a commit at distance d from a skipped one escapes its run with 1 -
// e^(-d/scale); one that has skipped commits both among its ancestors and its descendants has to escape both. A single
// skipped commit thereby costs the next probe a step aside, and a run of hundreds a few probes rather than hundreds.
// Rejected: git's pseudo-random jumps, which help on one run in the middle but spoil the balance everywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

class Untestability {
 public:
  /// `graph` must outlive this.
  explicit Untestability(const CommitGraph& graph);

  void record_testable(Node node);
  void record_skipped(Node node);

  [[nodiscard]] double probability(Node node) const;

 private:
  /// Edges to the nearest skipped node.
  struct Distances {
    std::vector<std::uint32_t> to_ancestor;
    std::vector<std::uint32_t> to_descendant;
    std::vector<std::uint32_t> any_way;
  };

  [[nodiscard]] double probability(Node node, std::size_t scale) const;
  void learn(Node node, bool skipped);
  void measure_distances(Node from);

  const CommitGraph* graph_;
  Distances distances_;       ///< empty while nothing is skipped
  std::vector<double> odds_;  ///< of scale 2^position
};

}  // namespace nmz::search
