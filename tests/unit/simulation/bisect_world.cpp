#include "bisect_world.hpp"

#include <algorithm>
#include <set>

namespace nmz::simulation {

using search::Node;
using search::Role;

BisectWorld::BisectWorld(std::uint64_t seed)
    : random_(seed),
      conditions_(random_.chance(0.5) ? hostile_world(random_)
                                      : perfect_world(static_cast<std::uint32_t>(random_.between(1, 9)), 0.6)) {
  const std::size_t size = random_.chance(0.1) ? random_.between(61, 200) : random_.between(1, 60);
  grow(size, random_.between(1, random_.chance(0.5) ? 3 : 20), random_.uniform() * 0.6);
  choose_culprit();
  choose_options();
  if (conditions_.faults.takes_port > 0 && random_.chance(0.5)) conditions_.faults.unseen = random_.uniform();
}

/// Each commit but the last gets a child within the window; each may get further ones: so the last descends from all.
void BisectWorld::grow(std::size_t size, std::size_t window, double merges) {
  std::vector<std::set<Node>> parents(size);
  for (std::size_t node = 0; node + 1 < size; ++node) {
    do {
      const std::size_t child = std::min<std::size_t>(node + random_.between(1, window), size - 1);
      parents[child].insert(static_cast<Node>(node));
    } while (random_.chance(merges));
  }
  const double passages = random_.chance(0.3) ? 0.3 : 0;
  for (std::size_t node = 0; node < size; ++node) {
    Role role = Role::candidate;
    if (node + 1 < size) {
      if (parents[node].empty() && random_.chance(0.7)) {
        role = Role::good_end;
      } else if (random_.chance(passages)) {
        role = Role::passage;
      }
    }
    graph_.add(role, std::vector<Node>(parents[node].begin(), parents[node].end()));
    std::vector<bool>& ancestors = descends_.emplace_back(size);
    ancestors[node] = true;
    for (const Node parent : parents[node]) {
      for (std::size_t other = 0; other < size; ++other) {
        if (descends_[parent][other]) ancestors[other] = true;
      }
    }
  }
}

void BisectWorld::choose_culprit() {
  do {
    culprit_ = static_cast<Node>(random_.below(graph_.size()));
  } while (graph_.role(culprit_) != Role::candidate);
  const double skips = random_.chance(0.5) ? random_.uniform() * 0.6 : 0;
  for (std::size_t node = 0; node < graph_.size(); ++node) {
    const bool end = node + 1 == graph_.size() || graph_.role(static_cast<Node>(node)) == Role::good_end;
    skipped_.push_back(random_.chance(end ? skips / 10 : skips));
  }
}

void BisectWorld::choose_options() {
  options_.strategy = random_.chance(0.7) ? search::Strategy::adaptive : search::Strategy::rounds;
  options_.workers = conditions_.workers;
  options_.find_fix = random_.chance(0.2);
  options_.search.trust_ends = random_.chance(0.4);
  options_.search.sample = random_.chance(0.3) ? random_.between(8, 64) : 1024;
  if (random_.chance(0.8)) return;
  for (std::uint64_t count = random_.between(1, 3); count > 0; --count) {
    search::Check check;
    check.kind = random_.chance(0.5) ? search::Check::Kind::merge_base : search::Check::Kind::sibling_good;
    checks_.push_back(check);
  }
}

Truth BisectWorld::truth() const {
  return [this](dispatch::Subject subject) {
    const bool is_node = subject < graph_.size();
    const bool bad = is_node && descends_[subject][culprit_];
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    outcome.code = bad != options_.find_fix ? 1 : 0;
    if (is_node && skipped_[subject]) outcome.code = 125;
    return outcome;
  };
}

std::vector<Node> BisectWorld::indistinguishable(const search::ConfirmedPlan& plan) const {
  std::vector<Node> same;
  for (Node suspect = 0; suspect < graph_.size(); ++suspect) {
    if (graph_.role(suspect) != Role::candidate) continue;
    bool told_apart = false;
    for (Node test = 0; test < graph_.size() && !told_apart; ++test) {
      const bool testable =
          graph_.role(test) != Role::passage && !skipped_[test] && plan.verdict(test) != search::Verdict::skip;
      told_apart = testable && descends_[test][suspect] != descends_[test][culprit_];
    }
    if (!told_apart) same.push_back(suspect);
  }
  return same;
}

}  // namespace nmz::simulation
