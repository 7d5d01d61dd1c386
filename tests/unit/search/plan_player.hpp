// Plays a plan to its end without a dispatcher: a few workers, answers in any order, pointless runs given back.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "nmz/search/bisect_plan.hpp"

#include "random_graph.hpp"

namespace nmz::search {

using Answer = std::function<job::Outcome(dispatch::Subject)>;

[[nodiscard]] job::Outcome exited(std::int32_t code);

struct Played {
  std::vector<dispatch::Subject> started;   ///< in the order they were handed out
  std::vector<dispatch::Subject> answered;  ///< those whose outcome was recorded
  bool ended = false;
};

/// `random` decides who answers next and what is lost once in a while. Fails the test if the plan stands still.
Played play(BisectPlan& plan, std::size_t workers, Random& random, const Answer& answer);

/// One worker, answers at once.
Played play_serially(BisectPlan& plan, const Answer& answer);

}  // namespace nmz::search
