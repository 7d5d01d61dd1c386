#include "nmz/view/funnel.hpp"

#include <algorithm>

namespace nmz::view {

void Funnel::read(const events::HistoryRead& history) {
  history_ = history;
  positions_.clear();
  for (std::size_t i = 0; i < size(); ++i) positions_[history_.commits[i].commit] = i;
  begin();
}

void Funnel::begin() {
  left_.assign(size(), false);
  for (std::size_t i = 0; i < size(); ++i) left_[i] = history_.commits[i].part == events::Part::candidate;
}

std::size_t Funnel::position(const std::string& commit) const {
  const auto found = positions_.find(commit);
  return found == positions_.end() ? size() : found->second;
}

/// Parents stand before their children, so that one pass from the commit down finds its ancestors.
void Funnel::apply(std::size_t position, bool bad) {
  std::vector<bool> ancestor(size(), false);
  ancestor[position] = true;
  for (std::size_t i = position + 1; i-- > 0;) {
    if (!ancestor[i]) continue;
    for (const std::uint32_t parent : history_.commits[i].parents) {
      if (parent < i) ancestor[parent] = true;
    }
  }
  for (std::size_t i = 0; i < size(); ++i) {
    if (ancestor[i] != bad) left_[i] = false;
  }
}

void Funnel::take(const std::string& commit, events::Mark mark, std::size_t left) {
  const std::size_t where = position(commit);
  const bool bad = mark == events::Mark::failed;
  if (where == size() || (mark != events::Mark::passed && !bad)) return;
  apply(where, bad);
  if (history_.left_out > 0 || left == 0 || count() > 0) return;
  begin();
  if (left < count()) apply(where, bad);
}

std::size_t Funnel::count() const { return static_cast<std::size_t>(std::count(left_.begin(), left_.end(), true)); }

std::vector<Funnel::Stretch> Funnel::left() const {
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!left_[i]) continue;
    if (!stretches.empty() && stretches.back().last + 1 == i) {
      stretches.back().last = i;
    } else {
      stretches.push_back({i, i});
    }
  }
  return stretches;
}

}  // namespace nmz::view
