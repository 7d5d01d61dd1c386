// What each commit's test would show under each hypothesis, where every commit may be tested again.
//
// With certain tests the graph of what is open shrinks, and each of its nodes gets a row of bits
// (prediction_table.hpp). Here nothing is ever closed, but most nodes are alike: on a branch, all between two
// hypotheses that are looked at. So a row is made only where one begins to differ, and shared by those that follow: the
// number of rows is about that of the hypotheses, not of the commits, and the sweep over the others costs a comparison
// each.
//
// The heavy hypotheses are all looked at; of the many light ones, each of equal parts of their weight is represented
// by the last in topological order, as in the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "nmz/search/posterior.hpp"

namespace nmz::search {

class OutcomeRows {
 public:
  struct Column {
    Node node = 0;
    std::size_t kind = 0;
    double weight = 0;
  };
  struct Row {
    Node node = 0;      ///< whose test this is
    double chance = 0;  ///< that it gives a verdict
  };

  /// `chance` of a node: 0 = it cannot be tested.
  OutcomeRows(const CommitGraph& graph, const Posterior& posterior, std::size_t limit,
              const std::function<double(Node)>& chance);

  /// Sorted by kind.
  [[nodiscard]] std::span<const Column> columns() const { return columns_; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] const Row& row(std::size_t at) const { return rows_[at]; }
  [[nodiscard]] std::span<const std::uint64_t> bits(std::size_t at) const {
    return std::span{bits_}.subspan(at * words_, words_);
  }
  [[nodiscard]] std::size_t row_of(Node node) const { return row_of_[node]; }

 private:
  void choose_columns(const CommitGraph& graph, const Posterior& posterior, std::size_t limit);
  void propagate(const CommitGraph& graph);
  [[nodiscard]] std::uint32_t unite(std::span<const Node> parents);
  std::uint32_t add(std::span<const std::uint64_t> bits);

  std::vector<Column> columns_;
  std::size_t words_ = 0;
  std::vector<std::uint64_t> bits_;
  std::vector<Row> rows_;
  std::vector<std::uint32_t> row_of_;
};

}  // namespace nmz::search
