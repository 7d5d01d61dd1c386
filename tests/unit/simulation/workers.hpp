// What a simulated run needs of its workers: actions go in, events come out, both in virtual time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"

#include "conditions.hpp"

namespace nmz::simulation {

/// How a subject really ends, wherever and whenever it is run.
using Truth = std::function<job::Outcome(dispatch::Subject)>;

/// What an execution of a subject is, for plans whose subjects are more than a test: how it ends and how long it takes
/// (none: as the conditions have it).
struct Labour {
  Labour() = default;
  job::Outcome outcome;
  std::optional<std::chrono::nanoseconds> takes;
};
using Labours = std::function<Labour(const dispatch::Assign&)>;

class Workers {
 public:
  Workers() = default;
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  Workers(Workers&&) = delete;
  Workers& operator=(Workers&&) = delete;
  virtual ~Workers() = default;

  virtual void carry_out(const dispatch::Action& action, Time now) = 0;
  /// When something happens next, if ever.
  [[nodiscard]] virtual std::optional<Time> next() const = 0;
  /// Lets happen everything up to and including `now`; returns what has reached the dispatcher by then.
  virtual std::vector<dispatch::Event> happen(Time now) = 0;
  /// How many of them were ended for what was said on their streams.
  [[nodiscard]] virtual std::size_t refused() const { return 0; }
};

}  // namespace nmz::simulation
