// The model of the search, written out: every hypothesis with its prediction for every node.
//
// Quadratic and without any cleverness, so that it can be read and believed; the search has to agree with it.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "nmz/search/search.hpp"

namespace nmz::search {

struct Hypothesis {
  enum class Kind : std::uint8_t { culprit, bad_good_end, older, good_bad_end, blameless_bad_end };
  Kind kind = Kind::culprit;
  Node node = 0;
  std::vector<bool> bad;  ///< by node
};

class Oracle {
 public:
  Oracle(const CommitGraph& graph, bool trust_ends);

  void record(Node node, Verdict verdict);

  [[nodiscard]] const std::vector<Hypothesis>& possible() const { return possible_; }
  [[nodiscard]] std::vector<Node> suspects() const;
  [[nodiscard]] bool informative(Node node) const;
  /// Whether a test of the node may be asked for and could tell something.
  [[nodiscard]] bool worth_testing(Node node) const { return testable(node) && informative(node); }
  [[nodiscard]] Conclusion::Kind conclusion() const;

 private:
  [[nodiscard]] bool testable(Node node) const;

  const CommitGraph* graph_;
  std::vector<Hypothesis> possible_;
  std::set<Node> skipped_;
  std::set<Node> tested_good_ends_;
  bool good_end_is_bad_ = false;
  bool bad_end_is_good_ = false;
};

[[nodiscard]] std::vector<Hypothesis> all_hypotheses(const CommitGraph& graph, bool trust_ends);

}  // namespace nmz::search
