// A random search with a known answer: a history, its ends, a culprit, and what a test says at each commit.
//
// Kinds of search, since each has its own notion of "the culprit's descendants": the whole graph; with commits that
// cannot be tested; the first-parent line; one path, where a merge may take the file from the side without the bug,
// so that only git's simplified history explains the verdicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "answers.hpp"
#include "support/random_history.hpp"

namespace nmz::conformance {

enum class Kind : std::uint8_t { plain, skips, first_parent, path };

enum class Says : std::uint8_t { good, bad, skip };

struct Scenario {
  Scenario() = default;
  std::vector<support::ScratchCommit> history;  ///< each commit's file "says" holds its verdict in a word
  std::vector<Says> says;
  std::size_t culprit = 0;
  std::size_t bad = 0;
  std::vector<std::size_t> goods;
  std::vector<std::string> pathspecs;
  bool first_parent = false;
  /// Kind::skips: the commits that no testable commit tells from the culprit, the culprit among them.
  std::vector<std::size_t> indistinguishable;
};

/// The same for the same seed.
Scenario random_scenario(std::uint64_t seed, Kind kind);

}  // namespace nmz::conformance
