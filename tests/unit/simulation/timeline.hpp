// What is going to happen, in order of time; what was planned first happens first among the simultaneous.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "conditions.hpp"

namespace nmz::simulation {

template <typename What>
class Timeline {
 public:
  void at(Time time, What what) { queue_.push(Entry{time, planned_++, std::move(what)}); }

  [[nodiscard]] std::optional<Time> next() const {
    return queue_.empty() ? std::nullopt : std::optional(queue_.top().time);
  }

  std::pair<Time, What> pop() {
    std::pair<Time, What> first{queue_.top().time, queue_.top().what};
    queue_.pop();
    return first;
  }

 private:
  struct Entry {
    Time time{0};
    std::uint64_t order = 0;
    What what;
    bool operator<(const Entry& other) const {  // the top of a priority_queue is its greatest
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  std::priority_queue<Entry> queue_;
  std::uint64_t planned_ = 0;
};

}  // namespace nmz::simulation
