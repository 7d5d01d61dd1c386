#include "partition.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace nmz::search {
namespace {

double term(double weight) { return weight > 0 ? weight * std::log2(weight) : 0; }

/// The plain instruction set has no instruction for this and the compiler calls a library function; this is inlined.
unsigned count_bits(std::uint64_t word) {
  word -= (word >> 1) & 0x5555555555555555U;
  word = (word & 0x3333333333333333U) + ((word >> 2) & 0x3333333333333333U);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return static_cast<unsigned>((word * 0x0101010101010101U) >> 56);
}

}  // namespace

std::vector<Piece> pieces_of(std::span<const double> weights) {
  std::vector<Piece> pieces;
  for (std::size_t first = 0; first < weights.size(); first += 64) {
    const auto of_word = static_cast<std::ptrdiff_t>(pieces.size());
    for (std::size_t bit = 0; bit < 64; ++bit) {
      const double weight = weights[first + bit];
      if (weight <= 0) continue;
      const auto same = std::find_if(pieces.begin() + of_word, pieces.end(),
                                     [&](const Piece& piece) { return piece.weight == weight; });
      if (same != pieces.end()) {
        same->bits |= std::uint64_t{1} << bit;
      } else {
        const auto word = static_cast<std::uint32_t>(first / 64);
        pieces.push_back({.word = word, .bits = std::uint64_t{1} << bit, .weight = weight});
      }
    }
  }
  return pieces;
}

double weight_of(std::span<const Piece> pieces, std::span<const std::uint64_t> row) {
  double sum = 0;
  for (const Piece& piece : pieces) sum += count_bits(row[piece.word] & piece.bits) * piece.weight;
  return sum;
}

Partition::Partition(std::vector<Piece> hypotheses) : pieces_{std::move(hypotheses)} { close_class(); }

void Partition::close_class() {
  const std::size_t begin = ends_.empty() ? 0 : ends_.back();
  double sum = 0;
  unsigned count = 0;
  for (std::size_t at = begin; at < pieces_.size(); ++at) {
    count += count_bits(pieces_[at].bits);
    sum += count_bits(pieces_[at].bits) * pieces_[at].weight;
  }
  if (count < 2) return pieces_.resize(begin);
  ends_.push_back(pieces_.size());
  class_sums_.push_back(sum);
  class_terms_.push_back(term(sum));
}

double Partition::gain(std::span<const std::uint64_t> row) const {
  double gained = 0;
  const Piece* piece = pieces_.data();
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    double inside = 0;
    bool some = false;
    bool all = true;
    for (const Piece* const end = pieces_.data() + ends_[i]; piece != end; ++piece) {
      const std::uint64_t common = row[piece->word] & piece->bits;
      some |= common != 0;
      all &= common == piece->bits;
      inside += count_bits(common) * piece->weight;
    }
    // Rounding must not make a gain of what splits nothing.
    if (some && !all) gained += class_terms_[i] - term(inside) - term(class_sums_[i] - inside);
  }
  return gained;
}

void Partition::split(std::span<const std::uint64_t> row) {
  const std::vector<Piece> pieces = std::move(pieces_);
  const std::vector<std::size_t> ends = std::move(ends_);
  pieces_.clear();
  ends_.clear();
  class_sums_.clear();
  class_terms_.clear();
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    for (const bool bad : {false, true}) {
      for (std::size_t at = begin; at < end; ++at) {
        Piece part = pieces[at];
        part.bits &= bad ? row[part.word] : ~row[part.word];
        if (part.bits != 0) pieces_.push_back(part);
      }
      close_class();
    }
    begin = end;
  }
}

}  // namespace nmz::search
