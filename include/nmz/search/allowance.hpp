// How much a search may lose by what it was told beforehand.
//
// Weights that prefer some candidates make a search faster where they are right, and slower where they are not: then
// the commit that is to blame is where the tests look last. Half of the trust goes to even weights anyway (search.cpp),
// by which a candidate that nobody suspects is found log2 1/(1/2) = 1 test later than without; but tests are whole, and
// what is rounded adds up. So it is accounted for. Even weights promise something: a set of tests tells as many bits as
// its outcomes have entropy. What the preferred weights choose is taken only if its worst outcome leaves no more than a
// bit above what the even choices up to now would have left. What was lucky counts: a search that has found much may
// spend much. On a line that bounds the search by one test more than without any weights, for every culprit; on other
// graphs, where no choice halves exactly, it mostly does (tests/unit/search/prior_test.cpp tries all small ones).
//
// Rejected: a bound for each step (they add up), and none but the share of even weights (on a line of 254 commits two
// tests more are possible even where they have three quarters).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nmz/search/belief.hpp"
#include "nmz/search/commit_graph.hpp"

namespace nmz::search {

class PredictionTable;

class Allowance {
 public:
  /// Rows are of the table of even weights, positions in the belief's open graph.
  using Rows = std::span<const std::size_t>;

  /// From now on weights differ. `in_flight` was chosen before.
  void begin(const Belief& belief, const PredictionTable& even, Rows in_flight);

  /// Whether `preferred` may be tested where even weights would have chosen `plain`.
  [[nodiscard]] bool allows(const Belief& belief, const PredictionTable& even, Rows in_flight, Rows plain,
                            Rows preferred) const;

  /// These are going to be tested, where even weights would have chosen `plain`.
  void choose(const Belief& belief, const PredictionTable& even, Rows in_flight, Rows plain, Rows chosen);

  /// No verdict came of it: nothing is promised of it any more.
  void forget(Node node);

 private:
  struct Promise {
    Node node = 0;
    double bits = 0;
  };

  [[nodiscard]] double promised(const Belief& belief, Rows in_flight) const;

  double beginning_ = 0;  ///< log2 of what was possible then
  std::vector<Promise> promises_;
};

}  // namespace nmz::search
