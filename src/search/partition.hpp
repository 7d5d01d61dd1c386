// The hypotheses, split into classes that all tests so far predict alike.
//
// The inner loop of every choice: for thousands of rows, how much of each class does the row have? Classes are kept as
// pieces, the bits of one word that have the same weight, so that a piece is weighed with one mask and one bit count.
// With certain tests nearly all weights are equal and there are as many pieces as words; with unequal weights they
// multiply, and the result stays the same. Classes of one hypothesis are dropped, as nothing can split them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nmz::search {

/// Bits of one word that have the same weight (in a Partition: and are of one class).
struct Piece {
  std::uint32_t word = 0;
  std::uint64_t bits = 0;
  double weight = 0;
};

/// Bits with a weight, 64 a word; those without weight are left out.
[[nodiscard]] std::vector<Piece> pieces_of(std::span<const double> weights);

/// The weight of what a row has of the pieces.
[[nodiscard]] double weight_of(std::span<const Piece> pieces, std::span<const std::uint64_t> row);

class Partition {
 public:
  /// One class of all hypotheses, whose weights sum up to 1.
  explicit Partition(std::vector<Piece> hypotheses);

  /// How much the sum of W log2 W over the classes falls when the row splits them, in bits.
  [[nodiscard]] double gain(std::span<const std::uint64_t> row) const;
  void split(std::span<const std::uint64_t> row);

  /// How long gain() takes, in word operations.
  [[nodiscard]] std::size_t size() const { return pieces_.size(); }

 private:
  void close_class();

  std::vector<Piece> pieces_;        ///< of classes that can be split at all, class after class
  std::vector<std::size_t> ends_;    ///< of each class in pieces_
  std::vector<double> class_sums_;   ///< W
  std::vector<double> class_terms_;  ///< W log2 W
};

}  // namespace nmz::search
