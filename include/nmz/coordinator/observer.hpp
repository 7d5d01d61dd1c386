// Whoever wants to know what happens during a run: logs, views, tests. All calls come from the coordinator's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::coordinator {

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  Observer(Observer&&) = delete;
  Observer& operator=(Observer&&) = delete;
  virtual ~Observer() = default;

  /// One that there was not at the beginning.
  virtual void worker_added(job::WorkerId /*worker*/) {}
  virtual void worker_ready(job::WorkerId /*worker*/, const wire::Welcome& /*welcome*/) {}
  virtual void assigned(const dispatch::Assign& /*assignment*/) {}
  /// A phase of the execution has begun: its command runs.
  virtual void started(const dispatch::Assign& /*assignment*/, job::Phase /*phase*/) {}
  virtual void log(const dispatch::Assign& /*assignment*/, std::string_view /*bytes*/) {}
  /// Comes before ended(), for executions whose agent reported their end.
  virtual void finished(const dispatch::Assign& /*assignment*/, const wire::Finished& /*finished*/) {}
  /// After the plan has been told.
  virtual void ended(const dispatch::Ended& /*ended*/) {}
  virtual void given_up(const dispatch::GivenUp& /*given_up*/) {}
  /// Once: from then on one job runs at a time.
  virtual void collided(const dispatch::Collided& /*collided*/) {}
  /// The user's wish, without an execution.
  virtual void skipped(const dispatch::Skipped& /*skipped*/) {}
  /// Its outcome does not count any more: the user's wish.
  virtual void runs_again(const dispatch::RunsAgain& /*again*/) {}
  virtual void resized(const dispatch::Resized& /*resized*/) {}
  /// About four times a second, for clocks on a screen.
  virtual void tick() {}
};

}  // namespace nmz::coordinator
