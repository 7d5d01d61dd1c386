#include "nmz/schedule/group_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "list_order.hpp"

namespace nmz::schedule {
namespace {

/// An unknown duration counts as this quantile of the known ones.
constexpr double unknown_as = 0.9;

/// Of a worker's fair share of what is left, how much it gets in a wave: by how many durations are known.
constexpr double least_fraction = 0.4;
constexpr double most_fraction = 0.75;

double share_known(const std::vector<Expectation>& expected) {
  const auto known = std::ranges::count_if(expected, [](const Expectation& one) { return one.has_value(); });
  return expected.empty() ? 0 : static_cast<double>(known) / static_cast<double>(expected.size());
}

/// What a start takes, as a part of a worker's share, where no durations are known.
constexpr double start_of_share = 1.0 / 8;

/// What runs alone is this part of a worker's share, and so many times its start.
constexpr double long_part = 0.1;
constexpr double starts_worth_it = 5;

}  // namespace

GroupPlan::GroupPlan(const std::vector<Expectation>& expected, GroupOptions options, Answers answers)
    : options_{std::move(options)},
      answers_{std::move(answers)},
      fraction_{std::lerp(least_fraction, most_fraction, share_known(expected))},
      start_{std::chrono::duration<double>(options_.start).count()},
      tests_(expected.size()),
      nothing_known_{share_known(expected) <= 0} {
  std::vector<double> seconds = fill_in(expected, unknown_as);
  if (nothing_known_) std::ranges::fill(seconds, 1.0);
  left_ = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  if (nothing_known_) start_ = fair_share() * start_of_share;
  const double alone = nothing_known_ ? left_ + 1 : std::max(start_ * starts_worth_it, fair_share() * long_part);
  for (Workload i = 0; i < tests_.size(); ++i) {
    tests_[i].seconds = seconds[i];
    if (!options_.units.empty()) tests_[i].unit = options_.units.at(i);
    (seconds[i] >= alone ? long_ : short_).push_back(i);
  }
  std::ranges::stable_sort(long_, [&](Workload a, Workload b) { return seconds[a] > seconds[b]; });
}

double GroupPlan::fair_share() const { return left_ / static_cast<double>(std::max<std::size_t>(options_.workers, 1)); }

/// What a further wave would even out has to be worth its start: the more so, the better the durations are known.
double GroupPlan::part_of_wave() {
  if (parts_ == 0) {
    parts_ = std::max<std::size_t>(options_.workers, 1);
    const double share = fair_share();
    const double part = std::max(share * fraction_, start_);
    part_ = share - part < start_ * fraction_ ? share : part;
  }
  --parts_;
  return part_;
}

std::vector<Workload> GroupPlan::cut() {
  std::vector<Workload> group;
  double seconds = 0;
  const auto take = [&](std::deque<Workload>& from) {
    group.push_back(from.front());
    seconds += tests_[from.front()].seconds;
    from.pop_front();
  };
  if (!long_.empty()) {
    take(long_);
  } else {
    const double enough = part_of_wave();
    const auto fits = [&] {
      const Test& next = tests_[short_.front()];
      if (group.empty()) return true;
      if (next.unit != tests_[group.front()].unit) return false;
      if (options_.largest > 0 && group.size() >= options_.largest) return false;
      return seconds + next.seconds / 2 <= enough;
    };
    while (!short_.empty() && fits()) take(short_);
  }
  left_ = std::max(0.0, left_ - seconds);
  return group;
}

dispatch::Subject GroupPlan::add(std::vector<Workload> tests) {
  groups_.push_back(std::move(tests));
  return static_cast<dispatch::Subject>(groups_.size() - 1);
}

void GroupPlan::learn_start(std::chrono::nanoseconds start) {
  learnt_start_ = std::chrono::duration<double>(start).count();
  if (!nothing_known_) start_ = learnt_start_;
}

/// Of a suite that nobody knows: what its first groups took stands for the rest.
void GroupPlan::learn(const std::vector<Workload>& group, const std::vector<Answer>& answers) {
  if (!nothing_known_) return;
  double seconds = 0;
  std::size_t tests = 0;
  for (std::size_t i = 0; i < std::min(group.size(), answers.size()); ++i) {
    if (answers[i].said == Said::nothing) continue;
    seconds += std::chrono::duration<double>(answers[i].took).count();
    ++tests;
  }
  if (seconds <= 0) return;
  nothing_known_ = false;
  start_ = learnt_start_;
  const double mean = seconds / static_cast<double>(tests);
  for (const Workload test : short_) tests_[test].seconds = mean;
  left_ = mean * static_cast<double>(short_.size());
  parts_ = 0;
}

std::vector<dispatch::Subject> GroupPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  if (finished()) return subjects;
  for (; subjects.size() < count && !returned_.empty(); returned_.pop_front()) subjects.push_back(returned_.front());
  while (subjects.size() < count && !(long_.empty() && short_.empty())) subjects.push_back(add(cut()));
  for (; subjects.size() < count && !retried_.empty(); retried_.pop_front()) subjects.push_back(retried_.front());
  running_.insert(subjects.begin(), subjects.end());
  return subjects;
}

void GroupPlan::settle(Workload test, bool passed, bool failed) {
  tests_[test].settled = true;
  tests_[test].passed = passed;
  tests_[test].failed = failed;
  ++done_;
  if (failed) ++failures_;
}

void GroupPlan::again(const std::vector<Workload>& unreported, bool together) {
  if (unreported.empty()) return;
  const auto middle = unreported.begin() + std::ssize(unreported) / 2;
  if (together || middle == unreported.begin()) {
    returned_.push_back(add(unreported));
    return;
  }
  returned_.push_back(add({unreported.begin(), middle}));
  returned_.push_back(add({middle, unreported.end()}));
}

void GroupPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  if (running_.erase(subject) == 0) return;
  const std::vector<Workload> group = groups_.at(subject);
  if (job::classify(outcome) == job::Class::infrastructure) {
    for (const Workload test : group) settle(test, false, !job::withdrawn(outcome));
    return;
  }
  const std::vector<Answer> answers = answers_(subject, outcome);
  learn(group, answers);
  std::vector<Workload> unreported;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Test& test = tests_[group[i]];
    ++test.executions;
    const Said said = i < answers.size() ? answers[i].said : Said::nothing;
    if (said == Said::nothing && group.size() > 1) {
      unreported.push_back(group[i]);
    } else if (said == Said::passed) {
      settle(group[i], true, false);
    } else if (test.failures++ < options_.retries) {
      retried_.push_back(add({group[i]}));
    } else {
      settle(group[i], false, true);
    }
  }
  again(unreported, unreported.size() < group.size());
}

void GroupPlan::give_back(dispatch::Subject subject) {
  if (running_.erase(subject) > 0) returned_.push_back(subject);
}

std::optional<dispatch::Subject> GroupPlan::run_again(Workload test) {
  if (finished() || test >= tests_.size() || !tests_[test].settled || tests_[test].passed) return {};
  tests_[test].settled = false;
  --done_;
  if (tests_[test].failed) --failures_;
  returned_.push_back(add({test}));
  return returned_.back();
}

std::vector<dispatch::Subject> GroupPlan::pointless() const {
  return finished() ? std::vector<dispatch::Subject>(running_.begin(), running_.end())
                    : std::vector<dispatch::Subject>{};
}

/// What runs may bring more: one worker is enough for that, beside the one that is free then.
bool GroupPlan::exhausted() const { return long_.empty() && short_.empty() && returned_.empty() && retried_.empty(); }

bool GroupPlan::finished() const {
  return done_ == tests_.size() || (options_.failures_to_stop > 0 && failures_ >= options_.failures_to_stop);
}

std::span<const Workload> GroupPlan::workloads(dispatch::Subject subject) const { return groups_.at(subject); }

}  // namespace nmz::schedule
