#include "nmz/view/belief.hpp"

#include <numeric>

namespace nmz::view {

void Belief::read(const events::HistoryRead& history) {
  parents_.clear();
  weights_.clear();
  for (const events::HistoryCommit& one : history.commits) {
    parents_.push_back(one.parents);
    weights_.push_back(one.part == events::Part::candidate ? 1.0 : 0.0);
  }
  const double all = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& one : weights_) one = all > 0 ? one / all : 0;
}

/// Parents stand before their children, so that one pass from the commit down finds its ancestors.
void Belief::take(std::size_t position, events::Mark mark) {
  constexpr double wrong = 0.05;
  const bool failed = mark == events::Mark::failed;
  if (position >= size() || (!failed && mark != events::Mark::passed)) return;
  std::vector<bool> ancestor(size(), false);
  ancestor[position] = true;
  for (std::size_t i = position + 1; i-- > 0;) {
    if (!ancestor[i]) continue;
    for (const std::uint32_t parent : parents_[i]) {
      if (parent < i) ancestor[parent] = true;
    }
  }
  double all = 0;
  for (std::size_t i = 0; i < size(); ++i) all += weights_[i] *= ancestor[i] == failed ? 1 - wrong : wrong;
  for (double& one : weights_) one = all > 0 ? one / all : 0;
}

}  // namespace nmz::view
