#include "nmz/search/allowance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "prediction_table.hpp"

namespace nmz::search {
namespace {

/// In bits: a test.
constexpr double allowed = 1;
/// Of adding up.
constexpr double rounding = 1e-9;

/// What tests make of the hypotheses, by even weights.
struct Classes {
  double most = 1;  ///< the weight of the heaviest class
  double bits = 0;  ///< the entropy
};

Classes classes_of(const PredictionTable& table, std::span<const std::size_t> first,
                   std::span<const std::size_t> then = {}) {
  std::vector<std::uint32_t> class_of(table.weights().size());
  std::uint32_t count = 1;
  for (const std::span<const std::size_t> rows : {first, then}) {
    for (const std::size_t row : rows) {
      const std::span<const std::uint64_t> bits = table.row(row);
      std::map<std::uint32_t, std::uint32_t> split;
      for (std::size_t at = 0; at < class_of.size(); ++at) {
        if (table.weights()[at] <= 0 || (bits[at / 64] >> at % 64 & 1) == 0) continue;
        const auto [found, is_new] = split.try_emplace(class_of[at], count);
        if (is_new) ++count;
        class_of[at] = found->second;
      }
    }
  }
  std::vector<double> weights(count);
  for (std::size_t at = 0; at < class_of.size(); ++at) weights[class_of[at]] += table.weights()[at];
  Classes classes;
  classes.most = *std::ranges::max_element(weights);
  for (const double weight : weights) {
    if (weight > 0) classes.bits -= weight * std::log2(weight);
  }
  return classes;
}

}  // namespace

void Allowance::begin(const Belief& belief, const PredictionTable& even, Rows in_flight) {
  beginning_ = std::log2(belief.total());
  promises_.clear();
  choose(belief, even, {}, in_flight, in_flight);
}

/// A test that has a verdict, or whose verdict is implied by now, has kept its promise, or should have.
double Allowance::promised(const Belief& belief, Rows in_flight) const {
  double sum = 0;
  for (const Promise& promise : promises_) {
    const bool runs =
        std::ranges::any_of(in_flight, [&](std::size_t row) { return belief.open_graph().nodes[row] == promise.node; });
    if (runs || !belief.open(promise.node)) sum += promise.bits;
  }
  return sum;
}

bool Allowance::allows(const Belief& belief, const PredictionTable& even, Rows in_flight, Rows plain,
                       Rows preferred) const {
  const double before = classes_of(even, in_flight).bits;
  const double told = promised(belief, in_flight) + classes_of(even, in_flight, plain).bits - before;
  const double left = std::log2(belief.total()) - beginning_ + std::log2(classes_of(even, in_flight, preferred).most);
  return left <= allowed - told + rounding;
}

void Allowance::choose(const Belief& belief, const PredictionTable& even, Rows in_flight, Rows plain, Rows chosen) {
  if (chosen.empty()) return;
  const double told = classes_of(even, in_flight, plain).bits - classes_of(even, in_flight).bits;
  for (const std::size_t row : chosen) {
    const Node node = belief.open_graph().nodes[row];
    forget(node);
    promises_.push_back({.node = node, .bits = told / static_cast<double>(chosen.size())});
  }
}

void Allowance::forget(Node node) {
  std::erase_if(promises_, [node](const Promise& promise) { return promise.node == node; });
}

}  // namespace nmz::search
