// How often verdicts may be wrong, before the first one is seen.
//
// A rate is known, or one of some points that stand for all of 0..1, dense where a difference matters. Most tests are
// wrong seldom, so that the prior falls from 0 on; but it falls slowly, and each way to be wrong has its share, because
// an answer is to be as sure as it says where the test is one of the rarer kinds, too. What that costs a test that is
// seldom wrong is a run or four. Often both rates come from one cause (a machine that is too slow, a
// port that is taken) and are about the same, which is learnt sooner than two. The other common kind is a bug that does
// not show each time, and never where it is not: there one rate is about 0 and the other may well be a half.
//
// Pairs where a good commit fails about as often as a bad one are left out: they explain everything and tell nothing.
#pragma once

#include <optional>
#include <vector>

namespace nmz::search {

struct RatePair {
  double false_failure = 0;
  double false_pass = 0;
  double weight = 0;
  // Of the weight, and of each outcome.
  double log_weight = 0;
  double log_good_fails = 0;
  double log_good_passes = 0;
  double log_bad_fails = 0;
  double log_bad_passes = 0;
};

/// Rates that are not given are learnt.
[[nodiscard]] std::vector<RatePair> rate_grid(std::optional<double> false_failure, std::optional<double> false_pass);

}  // namespace nmz::search
