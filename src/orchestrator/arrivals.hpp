// Who waits for a worker of the Swarm, who has come, and how many tasks there have to be. Pure: streams are only kept.
//
// Starting a container is work for its node, and many at once make the first one late. So the service begins with a few
// tasks, and is told of the others when the first has connected. A start that is cancelled before that needs no task;
// one that is cancelled later leaves a task that nobody waits for: whoever comes last is sent home. And where the
// service could not be told of the others, as many starts have to fail: nobody will ever come for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "nmz/job/outcome.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

class Arrivals {
 public:
  /// `replicas`: tasks in all.
  explicit Arrivals(std::uint32_t replicas) : others_{replicas} {}

  void want(job::WorkerId worker) { wanted_.insert(worker); }
  [[nodiscard]] bool is_wanted(job::WorkerId worker) const { return wanted_.contains(worker); }
  [[nodiscard]] bool is_anybody_wanted() const { return !wanted_.empty(); }
  void no_longer_wanted(job::WorkerId worker);

  // ---- tasks
  /// How many the service has to begin with, at most `most`.
  [[nodiscard]] std::uint32_t ask_for_first(std::uint32_t most);
  /// How many it has to have then; 0 when there are no others.
  [[nodiscard]] std::uint32_t ask_for_others();
  [[nodiscard]] bool has_others() const { return others_ > 0; }
  /// One task more than was known of, for a worker that the run gets late.
  void add() { ++others_; }
  /// So many tasks will come again that have ended for good: telling a service how many it has starts those as well.
  void expect_again(std::uint32_t ended) { surplus_ += ended; }
  /// What was asked for last could not be had.
  void nobody_comes();
  /// There is no service any more.
  void start_over();

  // ---- workers
  void came(std::shared_ptr<Stream> stream) { arrived_.push_back(std::move(stream)); }
  [[nodiscard]] bool is_somebody_there() const { return !arrived_.empty(); }
  void lose_all() { arrived_.clear(); }
  /// Who has come first; nothing when nobody has.
  [[nodiscard]] std::shared_ptr<Stream> take(job::WorkerId worker);
  /// Whether the worker's start has to fail.
  [[nodiscard]] bool is_in_vain(job::WorkerId worker);
  /// Those that nobody waits for.
  [[nodiscard]] std::vector<std::shared_ptr<Stream>> take_surplus();

 private:
  std::set<job::WorkerId> wanted_;  ///< start() is under way, and is not cancelled
  std::deque<std::shared_ptr<Stream>> arrived_;
  std::uint32_t asked_ = 0;  ///< tasks that the service was told to have
  std::uint32_t last_asked_ = 0;
  std::uint32_t others_;       ///< tasks that it has to be told of
  std::uint32_t in_vain_ = 0;  ///< starts that have no task
  std::size_t surplus_ = 0;    ///< tasks without a start
};

}  // namespace nmz::orchestrator
