#include "time_split.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace nmz::nmzswarm {
namespace {

/// The time of one worker, interval by interval.
class Row {
 public:
  Row(Seconds wall, Seconds last_end, events::TimeSplit& split) : wall_{wall}, last_end_{last_end}, split_{split} {}

  void add(const Interval& interval) {
    const Seconds from = std::clamp(interval.from, at_, wall_);
    const Seconds to = std::clamp(interval.to, from, wall_);
    split_.idle += from - at_;
    at_ = to;
    const Seconds work = std::clamp(interval.took, Seconds{0}, to - from);
    switch (interval.kind) {
      case Interval::Kind::start_up:
        split_.start_up += to - from;
        break;
      case Interval::Kind::counted:
        split_.work += work;
        split_.dispatch += to - from - work;
        break;
      case Interval::Kind::wasted:
        split_.retries += to - from;
        break;
      case Interval::Kind::absent:
        break;
    }
  }

  void end() {
    const Seconds balanced = std::clamp(last_end_, at_, wall_);
    split_.imbalance += balanced - at_;
    split_.idle += wall_ - balanced;
  }

 private:
  Seconds wall_;
  Seconds last_end_;
  events::TimeSplit& split_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Seconds at_{0};
};

bool works(Interval::Kind kind) { return kind == Interval::Kind::counted || kind == Interval::Kind::wasted; }

}  // namespace

events::TimeSplit split_time(std::uint32_t workers, Seconds wall, std::vector<Interval> intervals) {
  std::ranges::sort(intervals, {}, [](const Interval& one) { return std::tuple{one.worker, one.from, one.to}; });
  Seconds last_end{0};
  for (const Interval& one : intervals) {
    if (works(one.kind)) last_end = std::max(last_end, one.to);
  }
  events::TimeSplit split;
  auto next = intervals.begin();
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    Row row{wall, last_end, split};
    for (; next != intervals.end() && next->worker == worker; ++next) row.add(*next);
    row.end();
  }
  return split;
}

TimeBook::TimeBook(std::uint32_t workers) : workers_{workers} {
  for (std::uint32_t worker = 0; worker < workers; ++worker) starting_.emplace(worker, Seconds{0});
}

void TimeBook::added(job::WorkerId worker, Seconds now) {
  const auto number = static_cast<std::uint32_t>(worker);
  workers_ = std::max(workers_, number + 1);
  Interval interval;
  interval.worker = number;
  interval.kind = Interval::Kind::absent;
  interval.to = now;
  intervals_.push_back(interval);
  starting_[number] = now;
}

void TimeBook::ready(job::WorkerId worker, Seconds now) {
  const auto since = starting_.find(static_cast<std::uint32_t>(worker));
  if (since == starting_.end()) return;
  Interval interval;
  interval.worker = since->first;
  interval.kind = Interval::Kind::start_up;
  interval.from = since->second;
  interval.to = now;
  intervals_.push_back(interval);
  starting_.erase(since);
}

void TimeBook::assigned(const dispatch::Assign& assignment, Seconds now) { running_[assignment.job] = now; }

void TimeBook::ended(const dispatch::Ended& ended, bool counts, bool lists, Seconds now) {
  const auto since = running_.find(ended.job);
  if (since == running_.end()) return;
  Interval interval;
  interval.worker = static_cast<std::uint32_t>(ended.worker);
  interval.kind = counts ? Interval::Kind::counted : Interval::Kind::wasted;
  if (lists) interval.kind = Interval::Kind::start_up;
  interval.from = since->second;
  interval.to = now;
  interval.took = ended.took;
  intervals_.push_back(interval);
  running_.erase(since);
}

void TimeBook::given_up(const dispatch::GivenUp& given_up, Seconds now) {
  const auto worker = static_cast<std::uint32_t>(given_up.worker);
  ready(given_up.worker, now);  // a start that came to nothing ends here
  if (given_up.restarting) starting_[worker] = now;
}

events::TimeSplit TimeBook::split(Seconds wall) const {
  std::vector<Interval> intervals = intervals_;
  for (const auto& [worker, since] : starting_) {
    Interval interval;
    interval.worker = worker;
    interval.kind = Interval::Kind::start_up;
    interval.from = since;
    interval.to = wall;
    intervals.push_back(interval);
  }
  return split_time(workers_, wall, std::move(intervals));
}

}  // namespace nmz::nmzswarm
