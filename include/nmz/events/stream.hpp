// Where events go: to everybody who wants them, in the order in which they wanted.
#pragma once

#include <chrono>
#include <vector>

#include "nmz/events/event.hpp"

namespace nmz::events {

class Consumer {
 public:
  Consumer() = default;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  Consumer(Consumer&&) = delete;
  Consumer& operator=(Consumer&&) = delete;
  virtual ~Consumer() = default;

  /// `now`: since the start of the run.
  virtual void show(const Event& event, Seconds now) = 0;
};

/// Of one run, which begins with it.
class Stream {
 public:
  /// It outlives this.
  void add(Consumer& consumer) { consumers_.push_back(&consumer); }
  void show(const Event& event) {
    const Seconds now = elapsed();
    for (Consumer* const consumer : consumers_) consumer->show(event, now);
  }
  [[nodiscard]] Seconds elapsed() const { return std::chrono::steady_clock::now() - began_; }

 private:
  std::vector<Consumer*> consumers_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace nmz::events
