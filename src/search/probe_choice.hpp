// Choosing tests that belong together.
//
// The tests in flight and those chosen so far split the hypotheses into classes with equal predictions; what is wanted
// is a set of rows after which the sum of W log W over the class weights is smallest. A row's gain is what it takes off
// that sum. Greedy choice alone halves, then quarters: on a line three probes end up at 1/2, 1/4 and 3/4, but two at
// 1/2 and 1/4 instead of thirds. So each probe is then exchanged for the best in its place given the others, until none
// moves. Exchange moves one boundary at a time and can stall one commit beside the optimum; a second start that peels
// off equal parts one by one has no such remainder, and on a line is the exact (k+1)-ary choice. The better one wins.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "prediction_table.hpp"

namespace nmz::search {

struct Probe {
  std::size_t row = 0;    ///< of the prediction table
  double chance = 1;      ///< that the test gives a verdict at all; its gain is weighed with it
  bool possible = false;  ///< may be the first bad commit itself
};

/// Of probes with equal rows, the one with the best chance, then one that may be the culprit, then the first. Of
/// very many, an even selection by weight remains.
[[nodiscard]] std::vector<Probe> distinct_probes(const PredictionTable& table, std::vector<Probe> probes);

/// At most `count` of the (distinct) probes' rows, the most informative first, given the rows that are in flight.
[[nodiscard]] std::vector<std::size_t> choose_rows(const PredictionTable& table, std::span<const Probe> probes,
                                                   std::span<const std::size_t> in_flight, std::size_t count);

}  // namespace nmz::search
