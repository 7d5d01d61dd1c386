// Choosing tests whose verdicts may be wrong, together.
//
// What a set of tests tells is the mutual information between its outcomes and which hypothesis is true: the entropy of
// the outcomes, less what is noise. Given the hypothesis the tests are independent, so this is submodular, and choosing
// one after the other, each given those that are in flight and chosen before, is near the best set. It repeats a commit
// by itself when nothing else would tell as much: near the end that is the culprit and its parents.
//
// What is in flight is looked at as scenarios: each way in which the tests may end, with what would be thought then.
// There are twice as many with every test. Only the most probable are kept; of certain tests that is all of them, and
// where noise makes many alike they say much the same.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "nmz/search/posterior.hpp"

namespace nmz::search {

/// At most `count` nodes, which may be equal to each other and to those in flight. `chance`: that a test of the node
/// gives a verdict, 0 if it cannot be tested. Fewer when no test tells anything.
[[nodiscard]] std::vector<Node> choose_trials(const CommitGraph& graph, const Posterior& posterior, std::size_t sample,
                                              std::span<const Node> in_flight, std::size_t count,
                                              const std::function<double(Node)>& chance);

}  // namespace nmz::search
