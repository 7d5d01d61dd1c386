#include "outcome_rows.hpp"

#include <algorithm>
#include <cmath>

namespace nmz::search {
namespace {

/// Nothing that is thought of a hypothesis this light changes a choice.
constexpr double negligible = 1e-9;

using Column = OutcomeRows::Column;

/// Those of at least an equal part of the weight, and one for each equal part of the others.
std::vector<Column> sample(const std::vector<Column>& all, std::size_t limit) {
  const double heavy = 2.0 / static_cast<double>(limit);
  double light = 0;
  std::size_t heavies = 0;
  for (const Column& column : all) {
    if (column.weight >= heavy)
      ++heavies;
    else
      light += column.weight;
  }
  const double part = light / static_cast<double>(limit - std::min(heavies, limit - 1));
  std::vector<Column> chosen;
  double seen = part / 1e6;  // of adding up many doubles
  for (const Column& column : all) {
    if (column.weight >= heavy) {
      chosen.push_back(column);
      continue;
    }
    seen += column.weight;
    const double parts = std::floor(seen / part);
    if (parts < 1) continue;
    seen -= parts * part;
    chosen.push_back({.node = column.node, .kind = column.kind, .weight = parts * part});
  }
  return chosen;
}

}  // namespace

OutcomeRows::OutcomeRows(const CommitGraph& graph, const Posterior& posterior, std::size_t limit,
                         const std::function<double(Node)>& chance)
    : row_of_(graph.size()) {
  choose_columns(graph, posterior, limit);
  words_ = std::max<std::size_t>((columns_.size() + 63) / 64, 1);
  propagate(graph);
  // Of equal tests, the one that most probably gives a verdict, then the oldest.
  for (Node node = 0; node < graph.size(); ++node) {
    Row& row = rows_[row_of_[node]];
    if (row.chance >= 1) continue;
    const double its = chance(node);
    if (its > row.chance) row = {.node = node, .chance = its};
  }
}

void OutcomeRows::choose_columns(const CommitGraph& graph, const Posterior& posterior, std::size_t limit) {
  for (Node node = 0; node < graph.size(); ++node) {
    const double share = posterior.share(node);
    if (share > negligible / static_cast<double>(graph.size())) {
      columns_.push_back({.node = node, .kind = posterior.kind(node), .weight = share});
    }
  }
  if (columns_.size() > limit) columns_ = sample(columns_, limit);
  std::ranges::stable_sort(columns_, {}, &Column::kind);
}

std::uint32_t OutcomeRows::add(std::span<const std::uint64_t> bits) {
  bits_.insert(bits_.end(), bits.begin(), bits.end());
  rows_.emplace_back();
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

/// The row that shows what any of the parents' rows shows; one of theirs, if that has it all.
std::uint32_t OutcomeRows::unite(std::span<const Node> parents) {
  if (parents.empty()) return 0;
  std::uint32_t united = row_of_[parents.front()];
  for (const Node parent : parents.subspan(1)) {
    const std::uint32_t other = row_of_[parent];
    if (other == united) continue;
    std::vector<std::uint64_t> both(words_);
    for (std::size_t word = 0; word < words_; ++word) both[word] = bits(united)[word] | bits(other)[word];
    if (std::ranges::equal(both, bits(united))) continue;
    united = std::ranges::equal(both, bits(other)) ? other : add(both);
  }
  return united;
}

void OutcomeRows::propagate(const CommitGraph& graph) {
  std::vector<std::pair<Node, std::size_t>> places;
  places.reserve(columns_.size());
  for (std::size_t at = 0; at < columns_.size(); ++at) places.emplace_back(columns_[at].node, at);
  std::ranges::sort(places);
  const std::vector<std::uint64_t> none(words_);
  add(none);
  auto next = places.begin();
  for (Node node = 0; node < graph.size(); ++node) {
    std::uint32_t row = unite(graph.parents(node));
    if (next != places.end() && next->first == node) {
      std::vector<std::uint64_t> own(bits(row).begin(), bits(row).end());
      own[next->second / 64] |= std::uint64_t{1} << next->second % 64;
      row = add(own);
      ++next;
    }
    row_of_[node] = row;
  }
}

}  // namespace nmz::search
