// Layout: the candidates' columns first, in words of their own, then the columns of the hypotheses about the ends, in
// further words, because bits of equal weight that share a word are counted in one go. Unused bits weigh nothing.
#include "prediction_table.hpp"

#include <algorithm>
#include <numeric>

namespace nmz::search {
namespace {

/// A million open nodes with 1024 bits each: the table is the one large thing of a search, and stays below this.
constexpr std::size_t most_bits = std::size_t{1} << 30;
constexpr std::size_t most_end_columns = 256;

/// How many candidates can have a bit each. A part should hold several, or the split is no finer than the sample.
std::size_t most_columns(std::size_t limit, std::size_t parts, std::size_t open_nodes) {
  const std::size_t affordable = most_bits / std::max<std::size_t>(open_nodes, 1);
  return std::min(std::max<std::size_t>({limit, 8 * parts, 2}), std::max<std::size_t>(affordable, 64));
}

}  // namespace

PredictionTable::PredictionTable(const CommitGraph& graph, const Belief& belief, std::size_t limit, std::size_t parts,
                                 double trust) {
  std::vector<Column> candidates;
  std::vector<Column> ends;
  for (const Node node : belief.possible()) {
    auto& kind = graph.role(node) == Role::candidate ? candidates : ends;
    kind.push_back({.node = node, .weight = belief.weight(node, trust)});
  }
  const std::size_t most = most_columns(limit, parts, belief.open_graph().size());
  complete_ = candidates.size() <= most && ends.size() <= most_end_columns;
  if (candidates.size() > most) candidates = sample(candidates, parts < most ? most - most % parts : most);
  if (ends.size() > most_end_columns) ends = sample(ends, most_end_columns);
  lay_out(belief, candidates, ends);
  propagate(belief);
}

std::vector<PredictionTable::Column> PredictionTable::sample(std::span<const Column> all, std::size_t limit) {
  const double total =
      std::accumulate(all.begin(), all.end(), 0.0, [](double sum, const Column& c) { return sum + c.weight; });
  const double stratum = total / static_cast<double>(limit);
  const double slack = stratum * 1e-6;  // of adding up many doubles
  std::vector<Column> chosen;
  double seen = 0;
  std::size_t ended = 0;
  for (const Column& column : all) {
    seen += column.weight;
    std::size_t here = 0;
    while (ended + here < limit && static_cast<double>(ended + here + 1) * stratum <= seen + slack) ++here;
    ended += here;
    if (here > 0) chosen.push_back({.node = column.node, .weight = static_cast<double>(here) * stratum});
  }
  return chosen;
}

void PredictionTable::lay_out(const Belief& belief, std::span<const Column> candidates, std::span<const Column> ends) {
  const std::size_t candidate_words = (candidates.size() + 63) / 64;
  const std::size_t end_words = (ends.size() + 2 + 63) / 64;
  words_ = candidate_words + end_words;
  bits_.assign(belief.open_graph().size() * words_, 0);
  weights_.reserve(words_ * 64);
  place(belief, candidates);
  weights_.resize(candidate_words * 64);
  place(belief, ends);
  if (belief.weight_of_older() > 0) {
    for (std::size_t at = 0; at < belief.open_graph().size(); ++at) {
      bits_[at * words_ + weights_.size() / 64] |= std::uint64_t{1} << weights_.size() % 64;
    }
  }
  weights_.push_back(belief.weight_of_older());
  weights_.push_back(belief.weight_of_good_bad_end());
  weights_.resize(words_ * 64);
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& weight : weights_) weight /= total;
}

void PredictionTable::place(const Belief& belief, std::span<const Column> columns) {
  const std::vector<Node>& nodes = belief.open_graph().nodes;
  auto from = nodes.begin();
  for (const Column& column : columns) {
    from = std::lower_bound(from, nodes.end(), column.node);
    // A possible node that is not open is implied bad: it predicts good for all that are.
    if (from != nodes.end() && *from == column.node) {
      const auto at = static_cast<std::size_t>(from - nodes.begin());
      bits_[at * words_ + weights_.size() / 64] |= std::uint64_t{1} << weights_.size() % 64;
    }
    weights_.push_back(column.weight);
  }
}

void PredictionTable::propagate(const Belief& belief) {
  const OpenGraph& graph = belief.open_graph();
  for (std::size_t at = 0; at < graph.size(); ++at) {
    std::uint64_t* const own = bits_.data() + at * words_;
    for (const std::uint32_t parent : graph.parents(at)) {
      const std::uint64_t* const above = bits_.data() + parent * words_;
      for (std::size_t word = 0; word < words_; ++word) own[word] |= above[word];
    }
  }
}

}  // namespace nmz::search
