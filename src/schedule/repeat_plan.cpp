#include "nmz/schedule/repeat_plan.hpp"

#include <numeric>
#include <utility>

namespace nmz::schedule {

/// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t run_seed(std::uint64_t seed, std::uint64_t run) {
  if (run <= 1) return seed;
  std::uint64_t z = seed + (run - 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return (z ^ (z >> 31U)) >> 32U;
}

RepeatPlan::RepeatPlan(std::size_t workloads, RepeatOptions options)
    : options_{std::move(options)}, tallies_(workloads), begun_(workloads), turn_(workloads) {
  std::iota(turn_.begin(), turn_.end(), Workload{0});
}

bool RepeatPlan::failed_enough() const {
  return options_.failures_to_stop > 0 && failures_ >= options_.failures_to_stop;
}

bool RepeatPlan::known_well(Workload workload) const {
  const Tally& it = tallies_[workload];
  const bool only_skips = it.runs == 0 && it.withdrawn >= options_.most_lost;
  return only_skips || it.lost >= options_.most_lost || (options_.enough && options_.enough(it.failures, it.runs));
}

std::optional<dispatch::Subject> RepeatPlan::fresh() {
  while (!turn_.empty()) {
    const Workload workload = turn_.front();
    turn_.pop_front();
    if (known_well(workload)) continue;
    runs_.push_back(Run{workload, ++begun_[workload]});
    if (options_.runs == 0 || begun_[workload] < options_.runs) turn_.push_back(workload);
    return static_cast<dispatch::Subject>(runs_.size() - 1);
  }
  return std::nullopt;
}

std::vector<dispatch::Subject> RepeatPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  if (failed_enough() || time_is_up()) return subjects;
  for (; subjects.size() < count && !returned_.empty(); returned_.pop_front()) subjects.push_back(returned_.front());
  while (subjects.size() < count) {
    const auto run = fresh();
    if (!run) break;
    subjects.push_back(*run);
  }
  running_.insert(subjects.begin(), subjects.end());
  return subjects;
}

void RepeatPlan::record(dispatch::Subject run, const job::Outcome& outcome) {
  if (running_.erase(run) == 0) return;
  const Workload workload = runs_.at(run).workload;
  Tally& it = tallies_[workload];
  const job::Class meaning = job::classify(outcome);
  if (meaning == job::Class::passed || job::is_failure(meaning)) {
    ++it.runs;
  } else {
    ++(job::withdrawn(outcome) ? it.withdrawn : it.lost);
  }
  if (job::is_failure(meaning)) {
    ++it.failures;
    ++failures_;
  }
  if (known_well(workload)) std::erase(turn_, workload);
}

void RepeatPlan::give_back(dispatch::Subject run) {
  if (running_.erase(run) > 0) returned_.push_back(run);
}

std::vector<dispatch::Subject> RepeatPlan::pointless() const {
  return failed_enough() ? std::vector<dispatch::Subject>(running_.begin(), running_.end())
                         : std::vector<dispatch::Subject>{};
}

bool RepeatPlan::exhausted() const { return time_is_up() || (turn_.empty() && returned_.empty()); }

bool RepeatPlan::finished() const { return failed_enough() || (running_.empty() && exhausted()); }

std::span<const Workload> RepeatPlan::workloads(dispatch::Subject run) const { return {&runs_.at(run).workload, 1}; }

std::size_t RepeatPlan::done() const { return tallies_.size() - turn_.size(); }

}  // namespace nmz::schedule
