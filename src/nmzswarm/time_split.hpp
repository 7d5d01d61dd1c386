// Where the time of a run went: workers x wall, split so that the parts sum up to it.
//
// A loss that has a name can be worked on: start-up by warm workers, dispatch by jobs that wait at their worker,
// imbalance by a history (the longest first) or by splitting the longest workload, retries by whatever takes workers
// away. Each worker's time is a row of intervals without gaps; a moment belongs to the interval that came first. A
// worker that the user has added counts from then on.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/events/event.hpp"

namespace nmz::nmzswarm {

using events::Seconds;

struct Interval {
  enum class Kind : std::uint8_t {
    start_up,  ///< the worker is being started, or makes the list
    counted,   ///< an execution with a result that counts; `took` of it is work, the rest is dispatch
    wasted,    ///< an execution without
    absent,    ///< before the user has added the worker
  };
  Interval() = default;
  std::uint32_t worker = 0;
  Kind kind = Kind::counted;
  Seconds from{0};
  Seconds to{0};
  Seconds took{0};
};

/// Between two executions, and before its first one, a worker is idle; after its last one, until the last workload of
/// all has ended, it is out of balance; then it is idle again.
[[nodiscard]] events::TimeSplit split_time(std::uint32_t workers, Seconds wall, std::vector<Interval> intervals);

/// Makes the intervals of what is observed.
class TimeBook {
 public:
  explicit TimeBook(std::uint32_t workers);

  void added(job::WorkerId worker, Seconds now);
  void ready(job::WorkerId worker, Seconds now);
  void assigned(const dispatch::Assign& assignment, Seconds now);
  /// `counts`: with a result that counts; `lists`: it made the list.
  void ended(const dispatch::Ended& ended, bool counts, bool lists, Seconds now);
  /// It was assigned and never began.
  void forget(job::JobId job) { running_.erase(job); }
  void given_up(const dispatch::GivenUp& given_up, Seconds now);

  [[nodiscard]] events::TimeSplit split(Seconds wall) const;

 private:
  std::uint32_t workers_;
  std::vector<Interval> intervals_;
  std::map<std::uint32_t, Seconds> starting_;  ///< workers, since when
  std::map<job::JobId, Seconds> running_;
};

}  // namespace nmz::nmzswarm
