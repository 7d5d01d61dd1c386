// Where is the first bad commit, and which commits should be tested next to find out?
//
// Hypothesis h: "h is the first bad commit"; under h exactly h and its descendants are bad. Each candidate is one; so
// is each good end ("the bug is older") and one more, "the bad end is not bad", unless the ends are trusted. The
// belief is a weight per hypothesis. Tests in flight split the belief into classes that predict the same outcomes; the
// next probe is the commit that minimises the sum of W log W over the class weights W. On a line with certain tests
// this is (k+1)-ary search, on a DAG it beats any quantile of a topological order.
//
// Where something is known of the candidates beforehand, they are weighed by it, within bounds (allowance.hpp): what
// is a mistake may cost one test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "nmz/search/allowance.hpp"
#include "nmz/search/belief.hpp"
#include "nmz/search/commit_graph.hpp"
#include "nmz/search/untestability.hpp"

namespace nmz::search {

enum class Verdict : std::uint8_t { good, bad, skip };

struct SearchOptions {
  SearchOptions() = default;
  bool trust_ends = false;      ///< no hypothesis doubts the ends; they are never probed
  double end_prior = 1.0 / 64;  ///< prior probability, each, that a good end is bad or that the bad end is good
  std::size_t sample = 1024;    ///< hypotheses looked at when choosing, at most
  /// How probable these candidates are beforehand, relative to each other, a positive weight for each; it may be empty,
  /// and so may be what it returns: then they are alike. To find out may cost time: it is asked once, when no more
  /// candidates are left than can be looked at.
  std::function<std::vector<double>(std::span<const Node>)> prior;
  std::size_t prior_limit = 1000;
};

struct Suspect {
  Node node = 0;
  double share = 0;  ///< of the belief, 0..1
};

struct Conclusion {
  enum class Kind : std::uint8_t {
    undecided,        ///< more tests will tell
    found,            ///< suspects[0] is the first bad commit
    only_skipped,     ///< nothing testable is left that could separate the suspects
    good_end_is_bad,  ///< suspects[0] is the good end that is bad
    bad_end_is_good,  ///< suspects[0] is the bad end
    contradiction,    ///< no hypothesis explains the verdicts (a test that is not deterministic)
  };
  Kind kind = Kind::undecided;
  std::vector<Suspect> suspects;  ///< sorted by node
};

class Search {
 public:
  /// `graph` must outlive the search.
  explicit Search(const CommitGraph& graph, SearchOptions options = SearchOptions());

  /// Verdict for a candidate or good end. A later verdict for the same node replaces nothing: it is evidence as well.
  void record(Node node, Verdict verdict);

  /// Up to `count` nodes worth testing now, the most informative first, while `in_flight` are being tested already.
  /// Fewer, or none, when further tests could not tell anything new. Deterministic.
  [[nodiscard]] std::vector<Node> choose(std::size_t count, std::span<const Node> in_flight);
  /// What is known beforehand has changed: it is asked for again.
  void reconsider() { asked_prior_ = false; }

  /// Whether a verdict for this node could still rule out a hypothesis.
  [[nodiscard]] bool informative(Node node) const;
  /// And may be tested.
  [[nodiscard]] bool worth_testing(Node node) const { return testable(node) && informative(node); }

  /// By node, how many bits a test is expected to tell beside those in flight; 0 where it may not be tested. For
  /// searches that choose together.
  [[nodiscard]] std::vector<double> gains(std::span<const Node> in_flight) const;

  [[nodiscard]] Conclusion conclusion() const;

  /// Candidates (not ends) that may still be the first bad commit.
  [[nodiscard]] std::size_t candidates_left() const;

  /// How many equally likely hypotheses would leave as much to find out; 1 when nothing is.
  [[nodiscard]] double effective_size() const;

 private:
  [[nodiscard]] bool testable(Node node) const;
  [[nodiscard]] bool ended() const { return bad_good_end_.has_value() || bad_end_is_good_; }
  [[nodiscard]] bool needs_own_test(Node good_end) const;
  [[nodiscard]] std::vector<Suspect> suspects() const;
  [[nodiscard]] std::vector<Node> fallback(std::span<const Node> in_flight) const;
  void ask_prior();

  const CommitGraph* graph_;
  SearchOptions options_;
  Belief belief_;
  Untestability untestability_;
  std::vector<bool> closed_;  ///< skipped, or an end that has had its own verdict: no further test
  bool asked_prior_ = false;
  Allowance allowance_;
  std::optional<Node> bad_good_end_;
  bool bad_end_is_good_ = false;
};

}  // namespace nmz::search
