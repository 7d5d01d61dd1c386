#include "noisy_choice.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <queue>
#include <utility>

#include "outcome_rows.hpp"

namespace nmz::search {
namespace {

constexpr std::size_t most_scenarios = 128;
/// In bits. Less is rounding.
constexpr double negligible = 1e-9;

double entropy(double chance) {
  if (chance <= 0 || chance >= 1) return 0;
  return -chance * std::log2(chance) - (1 - chance) * std::log2(1 - chance);
}

/// Bits of one word that have the same weight and are of one cell.
struct Piece {
  std::size_t word = 0;
  std::uint64_t bits = 0;
  double weight = 0;
  std::size_t cell = 0;
};

/// Hypotheses that predict all verdicts so far, and all in flight, alike.
struct Cell {
  double fail_if_bad = 0;
  double fail_if_good = 0;
  double mass = 0;
};

/// How the tests in flight may end.
struct Scenario {
  double chance = 1;
  std::vector<double> cells;  ///< what is thought of each then; sums up to 1
};

class Chooser {
 public:
  Chooser(const OutcomeRows& rows, const Posterior& posterior);

  /// As if the row's test were in flight, too.
  void expect(std::size_t row);
  /// What the row's test adds, in bits.
  [[nodiscard]] double gain(std::size_t row);

 private:
  struct Part {
    std::size_t cell = 0;
    double mass = 0;
  };

  void measure(std::size_t row);
  void split(std::size_t row);
  void imagine(std::span<const double> fail);

  const OutcomeRows& rows_;
  std::vector<Piece> pieces_;
  std::vector<Cell> cells_;  ///< the first has no bits: there is no culprit
  std::vector<Scenario> scenarios_{1};
  std::vector<double> inside_;  ///< of each cell, what the row has
};

Chooser::Chooser(const OutcomeRows& rows, const Posterior& posterior) : rows_{rows} {
  const double flaky = posterior.fail_without_culprit();
  cells_.push_back({.fail_if_bad = flaky, .fail_if_good = flaky, .mass = posterior.no_culprit()});
  std::size_t kind = posterior.kinds().size();
  for (std::size_t at = 0; at < rows.columns().size(); ++at) {
    const OutcomeRows::Column& column = rows.columns()[at];
    if (std::exchange(kind, column.kind) != column.kind) {
      const Posterior::Kind& its = posterior.kinds()[column.kind];
      cells_.push_back({.fail_if_bad = its.fail_if_bad, .fail_if_good = its.fail_if_good, .mass = 0});
    }
    cells_.back().mass += column.weight;
    const auto same = std::ranges::find_if(pieces_.rbegin(), pieces_.rend(), [&](const Piece& piece) {
      return piece.word != at / 64 || piece.cell != cells_.size() - 1 || piece.weight == column.weight;
    });
    const bool known = same != pieces_.rend() && same->word == at / 64 && same->cell == cells_.size() - 1;
    if (!known) pieces_.push_back({.word = at / 64, .bits = 0, .weight = column.weight, .cell = cells_.size() - 1});
    (known ? *same : pieces_.back()).bits |= std::uint64_t{1} << at % 64;
  }
  double total = 0;
  for (const Cell& cell : cells_) total += cell.mass;
  for (Cell& cell : cells_) cell.mass /= total;
  for (Piece& piece : pieces_) piece.weight /= total;
  for (const Cell& cell : cells_) scenarios_.front().cells.push_back(cell.mass);
}

void Chooser::measure(std::size_t row) {
  inside_.assign(cells_.size(), 0);
  const std::span<const std::uint64_t> bits = rows_.bits(row);
  for (const Piece& piece : pieces_) {
    inside_[piece.cell] += std::popcount(bits[piece.word] & piece.bits) * piece.weight;
  }
}

double Chooser::gain(std::size_t row) {
  measure(row);
  std::vector<double> fail(cells_.size());
  std::vector<double> noise(cells_.size());
  for (std::size_t at = 0; at < cells_.size(); ++at) {
    const Cell& cell = cells_[at];
    const double part = cell.mass > 0 ? std::min(inside_[at] / cell.mass, 1.0) : 0;
    fail[at] = part * cell.fail_if_bad + (1 - part) * cell.fail_if_good;
    noise[at] = part * entropy(cell.fail_if_bad) + (1 - part) * entropy(cell.fail_if_good);
  }
  double sum = 0;
  for (const Scenario& scenario : scenarios_) {
    double fails = 0;
    double unknown = 0;
    for (std::size_t at = 0; at < fail.size(); ++at) {
      fails += scenario.cells[at] * fail[at];
      unknown += scenario.cells[at] * noise[at];
    }
    sum += scenario.chance * (entropy(fails) - unknown);
  }
  return sum;
}

void Chooser::expect(std::size_t row) {
  measure(row);
  std::vector<double> fail;
  for (const Cell& cell : cells_) fail.push_back(cell.fail_if_good);
  const std::vector<Cell> before = cells_;
  split(row);
  // The parts that were split off predict bad.
  for (std::size_t at = before.size(); at < cells_.size(); ++at) fail.push_back(cells_[at].fail_if_bad);
  imagine(fail);
}

/// What the row has of each cell becomes a cell of its own.
void Chooser::split(std::size_t row) {
  const std::span<const std::uint64_t> bits = rows_.bits(row);
  const std::size_t before = cells_.size();
  std::vector<std::size_t> part_of(before, 0);
  for (std::size_t at = 0; at < before; ++at) {
    if (inside_[at] <= 0) continue;
    part_of[at] = cells_.size();
    const double part = std::min(inside_[at] / cells_[at].mass, 1.0);
    for (Scenario& scenario : scenarios_) {
      scenario.cells.push_back(scenario.cells[at] * part);
      scenario.cells[at] *= 1 - part;
    }
    Cell inside = cells_[at];
    inside.mass *= part;
    cells_[at].mass -= inside.mass;
    cells_.push_back(inside);
  }
  const std::size_t pieces = pieces_.size();
  for (std::size_t at = 0; at < pieces; ++at) {
    Piece inside = pieces_[at];
    inside.bits &= bits[inside.word];
    if (inside.bits == 0) continue;
    inside.cell = part_of[inside.cell];
    pieces_[at].bits &= ~inside.bits;
    pieces_.push_back(inside);
  }
  std::erase_if(pieces_, [](const Piece& piece) { return piece.bits == 0; });
}

void Chooser::imagine(std::span<const double> fail) {
  std::vector<Scenario> after;
  for (const Scenario& scenario : scenarios_) {
    for (const bool failed : {false, true}) {
      Scenario one = scenario;
      double chance = 0;
      for (std::size_t at = 0; at < fail.size(); ++at) {
        one.cells[at] *= failed ? fail[at] : 1 - fail[at];
        chance += one.cells[at];
      }
      if (chance <= 0) continue;
      for (double& cell : one.cells) cell /= chance;
      one.chance *= chance;
      after.push_back(std::move(one));
    }
  }
  if (after.size() > most_scenarios) {
    std::ranges::stable_sort(after, std::greater<>{}, &Scenario::chance);
    after.resize(most_scenarios);
  }
  double total = 0;
  for (const Scenario& scenario : after) total += scenario.chance;
  for (Scenario& scenario : after) scenario.chance /= total;
  scenarios_ = std::move(after);
}

struct Bound {
  double value = 0;
  std::size_t row = 0;
  bool operator<(const Bound& other) const { return value != other.value ? value < other.value : row > other.row; }
};

}  // namespace

/// What a test adds hardly rises as others are chosen, so its last known value is a bound and most need no new look.
std::vector<Node> choose_trials(const CommitGraph& graph, const Posterior& posterior, std::size_t sample,
                                std::span<const Node> in_flight, std::size_t count,
                                const std::function<double(Node)>& chance) {
  const OutcomeRows rows{graph, posterior, sample, chance};
  Chooser chooser{rows, posterior};
  for (const Node node : in_flight) chooser.expect(rows.row_of(node));
  const auto value = [&](std::size_t row) { return chooser.gain(row) * rows.row(row).chance; };
  std::priority_queue<Bound> queue;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.row(row).chance > 0) queue.push({.value = value(row), .row = row});
  }
  std::vector<Node> chosen;
  while (chosen.size() < count && !queue.empty()) {
    Bound top = queue.top();
    queue.pop();
    if (!chosen.empty()) top.value = value(top.row);
    if (top.value <= negligible) {
      if (chosen.empty()) break;
      continue;
    }
    queue.push(top);
    if (queue.top().row != top.row) continue;
    chosen.push_back(rows.row(top.row).node);
    chooser.expect(top.row);
  }
  return chosen;
}

}  // namespace nmz::search
