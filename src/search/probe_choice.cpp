#include "probe_choice.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <queue>

#include "partition.hpp"

namespace nmz::search {
namespace {

/// Distinct probes that are compared with each other; among more, neighbours hardly differ.
constexpr std::size_t most_probes = 4096;
/// Word operations spent on exchanges from one start: some hundredths of a second.
constexpr std::size_t exchange_budget = 12'000'000;
constexpr std::size_t peel_budget = 12'000'000;
constexpr std::size_t most_passes = 8;
/// In bits. Below, a difference is rounding.
constexpr double negligible = 1e-12;

std::uint64_t fingerprint(std::span<const std::uint64_t> row) {
  std::uint64_t hash = row.size();
  for (const std::uint64_t word : row) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29;
  }
  return hash;
}

std::vector<Probe> thin_out(const PredictionTable& table, const std::vector<Probe>& probes) {
  struct Weighed {
    double weight;
    std::size_t index;
  };
  const std::vector<Piece> pieces = pieces_of(table.weights());
  std::vector<Weighed> order;
  order.reserve(probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    order.push_back({.weight = weight_of(pieces, table.row(probes[i].row)), .index = i});
  }
  std::ranges::stable_sort(order, {}, &Weighed::weight);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < most_probes; ++i) kept.push_back(order[i * order.size() / most_probes].index);
  std::ranges::sort(kept);
  std::vector<Probe> left;
  left.reserve(kept.size());
  for (const std::size_t index : kept) left.push_back(probes[index]);
  return left;
}

class Chooser {
 public:
  Chooser(const PredictionTable& table, std::span<const Probe> probes, std::span<const std::size_t> in_flight)
      : table_{table}, probes_{probes}, start_{pieces_of(table.weights())} {
    for (const std::size_t row : in_flight) start_.split(table.row(row));
  }

  /// Indices into probes.
  using Set = std::vector<std::size_t>;

  [[nodiscard]] Set greedy(std::span<const std::size_t> among, std::size_t count) const;
  [[nodiscard]] Set peel(std::size_t count) const;
  void exchange(Set& set) const;
  /// Orders the set by what each adds to those before, drops those that add nothing, and returns the sum.
  double rank(Set& set) const;

 private:
  [[nodiscard]] double value(const Partition& partition, std::size_t probe) const {
    return partition.gain(table_.row(probes_[probe].row)) * probes_[probe].chance;
  }
  [[nodiscard]] bool improve(Set& set, std::size_t place, const Partition& others) const;

  const PredictionTable& table_;
  std::span<const Probe> probes_;
  Partition start_;
};

/// What a probe adds can only fall as others are chosen, so its last known value is a bound, and most need no new look.
Chooser::Set Chooser::greedy(std::span<const std::size_t> among, std::size_t count) const {
  struct Bound {
    double value;
    std::size_t probe;
    bool operator<(const Bound& other) const {
      return value != other.value ? value < other.value : probe > other.probe;
    }
  };
  std::vector<Bound> bounds;
  bounds.reserve(among.size());
  for (const std::size_t probe : among) bounds.push_back({.value = value(start_, probe), .probe = probe});
  std::priority_queue<Bound> queue{std::less<Bound>{}, std::move(bounds)};
  Partition partition = start_;
  Set chosen;
  while (chosen.size() < count && !queue.empty() && queue.top().value > negligible) {
    Bound top = queue.top();
    queue.pop();
    top.value = value(partition, top.probe);
    if (!queue.empty() && top < queue.top()) {
      queue.push(top);
      continue;
    }
    if (top.value <= negligible) continue;
    chosen.push_back(top.probe);
    partition.split(table_.row(probes_[top.probe].row));
  }
  return chosen;
}

/// Each probe takes the share of the weight not yet covered that leaves equal parts for the others.
Chooser::Set Chooser::peel(std::size_t count) const {
  std::vector<Piece> left = pieces_of(table_.weights());
  Set chosen;
  for (std::size_t parts = count + 1; parts > 1; --parts) {
    double total = 0;
    for (const Piece& piece : left) total += std::popcount(piece.bits) * piece.weight;
    const double wanted = total / static_cast<double>(parts);
    std::size_t best = probes_.size();
    double best_miss = total;
    for (std::size_t probe = 0; probe < probes_.size(); ++probe) {
      const double miss = std::abs(weight_of(left, table_.row(probes_[probe].row)) - wanted);
      if (miss >= best_miss - negligible) continue;
      best = probe;
      best_miss = miss;
    }
    if (best == probes_.size()) break;
    chosen.push_back(best);
    for (Piece& piece : left) piece.bits &= ~table_.row(probes_[best].row)[piece.word];
  }
  return chosen;
}

bool Chooser::improve(Set& set, std::size_t place, const Partition& others) const {
  const std::size_t before = set[place];
  double best = value(others, before) + negligible;
  for (std::size_t probe = 0; probe < probes_.size(); ++probe) {
    const double now = value(others, probe);
    if (now <= best) continue;
    best = now + negligible;
    set[place] = probe;
  }
  return set[place] != before;
}

void Chooser::exchange(Set& set) const {
  std::size_t spent = 0;
  std::size_t unmoved = 0;
  // Weighed with their chances, gains are no potential: exchanges could go in circles.
  for (std::size_t step = 0; step < most_passes * set.size() && unmoved < set.size(); ++step) {
    const std::size_t place = step % set.size();
    Partition others = start_;
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (i != place) others.split(table_.row(probes_[set[i]].row));
    }
    spent += (probes_.size() + set.size()) * (others.size() + 1);
    if (spent > exchange_budget) return;
    unmoved = improve(set, place, others) ? 1 : unmoved + 1;
  }
}

double Chooser::rank(Set& set) const {
  std::ranges::sort(set);
  set = greedy(set, set.size());
  Partition partition = start_;
  double sum = 0;
  for (const std::size_t probe : set) {
    sum += value(partition, probe);
    partition.split(table_.row(probes_[probe].row));
  }
  return sum;
}

}  // namespace

std::vector<Probe> distinct_probes(const PredictionTable& table, std::vector<Probe> probes) {
  struct Keyed {
    std::uint64_t key;
    std::size_t index;
  };
  std::vector<Keyed> order;
  order.reserve(probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    order.push_back({.key = fingerprint(table.row(probes[i].row)), .index = i});
  }
  const auto better = [&](const Probe& a, const Probe& b) {
    if (a.chance != b.chance) return a.chance > b.chance;
    if (a.possible != b.possible) return a.possible;
    return a.row < b.row;
  };
  std::ranges::sort(order, [&](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : better(probes[a.index], probes[b.index]);
  });
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool seen =
        i > 0 && order[i].key == order[i - 1].key &&
        std::ranges::equal(table.row(probes[order[i].index].row), table.row(probes[order[i - 1].index].row));
    if (!seen) kept.push_back(order[i].index);
  }
  std::ranges::sort(kept);
  std::vector<Probe> left;
  left.reserve(kept.size());
  for (const std::size_t index : kept) left.push_back(probes[index]);
  return left.size() > most_probes ? thin_out(table, left) : left;
}

std::vector<std::size_t> choose_rows(const PredictionTable& table, std::span<const Probe> probes,
                                     std::span<const std::size_t> in_flight, std::size_t count) {
  const Chooser chooser{table, probes, in_flight};
  Chooser::Set all(probes.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  Chooser::Set best = chooser.greedy(all, count);
  // Fewer than asked for: everything that can be told apart is told apart already.
  if (best.size() > 1 && best.size() == count) {
    chooser.exchange(best);
    double most = chooser.rank(best);
    if (in_flight.empty() && count * probes.size() * table.words() < peel_budget) {
      Chooser::Set peeled = chooser.peel(count);
      chooser.exchange(peeled);
      if (chooser.rank(peeled) > most + negligible) best = std::move(peeled);
    }
  }
  std::vector<std::size_t> rows;
  rows.reserve(best.size());
  for (const std::size_t probe : best) rows.push_back(probes[probe].row);
  return rows;
}

}  // namespace nmz::search
