// A piece of a history in the width of a screen, the oldest commit at the left. What has several commits shows the one
// that says most. Edges run in the lane that git log --graph would draw them in. Where the test is flaky, what may be
// the first bad commit is the darker, the more probable it is.
#include <algorithm>
#include <array>
#include <optional>

#include "page.hpp"

namespace nmz::screen {
namespace {

using events::Mark;

/// The more it says, the larger it is.
enum class Cell : std::uint8_t { nothing, link, out, candidate, skipped, good, bad, probe };

constexpr std::size_t most_probable = 4;  ///< the level

class Strip {
 public:
  Strip(const Model& model, std::size_t first, std::size_t last, std::size_t columns, std::size_t rows)
      : model_{model}, first_{first}, last_{last}, lanes_{std::min<std::size_t>(rows, model.lanes().count)} {
    constexpr std::size_t widest = 4;
    const std::size_t commits = last - first + 1;
    step_ = std::clamp<std::size_t>(columns / commits, 1, widest);
    columns_ = std::min(columns, commits * step_);
    cells_.assign(lanes_ * columns_, Cell::nothing);
    shares_.assign(lanes_ * columns_, 0.0);
  }

  void fill() {
    for (std::size_t i = first_; i <= last_; ++i) {
      put(lane(i), column(i), cell(i));
      if (model_.doubts()) shares_[place(lane(i), column(i))] += model_.share(i);
      bool first_parent = true;
      for (const std::uint32_t parent : model_.funnel().at(i).parents) {
        if (parent >= i) continue;  // a recording may say anything
        const std::size_t from = column(std::max<std::size_t>(parent, first_));
        const std::size_t its_lane = first_parent ? lane(i) : lane(std::max<std::size_t>(parent, first_));
        for (std::size_t x = from; x < column(i); ++x) put(its_lane, x, Cell::link);
        first_parent = false;
      }
    }
  }

  [[nodiscard]] std::vector<Line> lines(const Signs& signs) const {
    std::vector<Line> lines;
    for (std::size_t lane = lanes_; lane-- > 0;) {
      const auto begin = cells_.begin() + static_cast<std::ptrdiff_t>(lane * columns_);
      const auto end = begin + static_cast<std::ptrdiff_t>(columns_);
      if (std::all_of(begin, end, [](Cell cell) { return cell == Cell::nothing; })) continue;
      Line line;
      for (std::size_t x = 0; x < columns_; ++x) {
        const Cell what = at(lane, x);
        const std::size_t level = level_of_share(shares_[place(lane, x)]);
        if (model_.doubts() && (what == Cell::candidate || (what == Cell::out && level > 0))) {
          line.add(signs.shares.at(level), style_of_share(level));
        } else {
          Style how = style(what);
          how.reversed = model_.doubts() && level == most_probable;  // tested, and probably it
          line.add(sign(what, signs), how);
        }
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

 private:
  [[nodiscard]] std::size_t lane(std::size_t commit) const {
    return std::min<std::size_t>(model_.lanes().of[commit], lanes_ - 1);
  }
  [[nodiscard]] std::size_t column(std::size_t commit) const {
    const std::size_t commits = last_ - first_ + 1;
    return step_ > 1 ? (commit - first_) * step_ : (commit - first_) * columns_ / commits;
  }
  [[nodiscard]] Cell cell(std::size_t commit) const {
    if (model_.is_probed(commit)) return Cell::probe;
    const std::optional<Mark>& verdict = model_.verdicts()[commit];
    if (verdict == Mark::failed) return Cell::bad;
    if (verdict == Mark::passed) return Cell::good;
    if (verdict) return Cell::skipped;
    return model_.may_be_it(commit) ? Cell::candidate : Cell::out;
  }
  [[nodiscard]] std::size_t place(std::size_t lane, std::size_t x) const {
    return lane * columns_ + std::min(x, columns_ - 1);
  }
  [[nodiscard]] Cell at(std::size_t lane, std::size_t x) const { return cells_[lane * columns_ + x]; }
  void put(std::size_t lane, std::size_t x, Cell what) {
    Cell& cell = cells_[place(lane, x)];
    cell = std::max(cell, what);
  }
  static std::string sign(Cell cell, const Signs& signs) {
    switch (cell) {
      case Cell::nothing:
        return " ";
      case Cell::link:
        return signs.link;
      case Cell::out:
        return signs.out;
      case Cell::candidate:
        return signs.candidate;
      case Cell::skipped:
        return signs.skipped;
      case Cell::good:
        return signs.good;
      case Cell::bad:
        return signs.bad;
      case Cell::probe:
        break;
    }
    return signs.probe;
  }
  static Style style(Cell cell) {
    switch (cell) {
      case Cell::good:
        return {Tone::good, true};
      case Cell::bad:
        return {Tone::bad, true};
      case Cell::skipped:
      case Cell::candidate:
        return {Tone::warning};
      case Cell::probe:
        return {Tone::active, true};
      default:
        return {Tone::faint};
    }
  }

  const Model& model_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::size_t first_;
  std::size_t last_;
  std::size_t lanes_;
  std::size_t step_ = 1;  ///< columns of a commit
  std::size_t columns_ = 0;
  std::vector<Cell> cells_;
  std::vector<double> shares_;  ///< of the commits in a cell
};

}  // namespace

std::size_t level_of_share(double share) {
  constexpr std::array least{Model::least_share, 0.01, 0.05, 0.25};
  return static_cast<std::size_t>(std::ranges::count_if(least, [share](double one) { return share >= one; }));
}

Style style_of_share(std::size_t level) {
  if (level == 0) return {Tone::faint};
  return {Tone::warning, level >= 3};
}

std::vector<Line> history_strip(const Model& model, std::size_t first, std::size_t last, std::size_t columns,
                                std::size_t rows, const Signs& signs) {
  if (model.funnel().size() == 0 || first > last || columns == 0 || rows == 0) return {};
  Strip strip{model, first, last, columns, rows};
  strip.fill();
  return strip.lines(signs);
}

}  // namespace nmz::screen
