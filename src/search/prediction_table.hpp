// What every open node's test would show under every hypothesis, as bits.
//
// Row v, bit h: is v bad if h is the first bad commit? A row is the union of the parents' rows and the node's own bit,
// so one pass in topological order fills the table: O(nodes x bits / 64). With more hypotheses than `limit`, a sample
// stands for them: the candidates are cut into strata of equal weight and the last one of each stratum speaks for all.
// The number of strata is a multiple of the number of parts wanted, so that on a line the boundaries of the best parts
// are themselves in the sample, and the choice is exact however long the line.
// Hypotheses that doubt the ends have weights of their own and always take part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nmz/search/belief.hpp"

namespace nmz::search {

class PredictionTable {
 public:
  /// `limit`: of bits for candidates. `parts`: into how many the belief is going to be split. `trust`: in what the
  /// belief prefers.
  PredictionTable(const CommitGraph& graph, const Belief& belief, std::size_t limit, std::size_t parts,
                  double trust = 0);

  [[nodiscard]] std::size_t words() const { return words_; }
  /// Whether there is a bit for every hypothesis.
  [[nodiscard]] bool complete() const { return complete_; }
  /// `at`: position in the belief's open graph.
  [[nodiscard]] std::span<const std::uint64_t> row(std::size_t at) const {
    return std::span{bits_}.subspan(at * words_, words_);
  }
  /// Of each bit, 0 for bits that stand for nothing; sums up to 1.
  [[nodiscard]] std::span<const double> weights() const { return weights_; }

 private:
  struct Column {
    Node node = 0;
    double weight = 0;
  };

  [[nodiscard]] static std::vector<Column> sample(std::span<const Column> all, std::size_t limit);
  void lay_out(const Belief& belief, std::span<const Column> candidates, std::span<const Column> ends);
  void place(const Belief& belief, std::span<const Column> columns);
  void propagate(const Belief& belief);

  std::size_t words_ = 0;
  bool complete_ = true;
  std::vector<std::uint64_t> bits_;
  std::vector<double> weights_;
};

}  // namespace nmz::search
