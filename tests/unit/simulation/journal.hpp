// A run's events and what the dispatcher made of them, as lines for whoever has to find out what went wrong.
#pragma once

#include <ostream>
#include <span>

#include "nmz/dispatch/dispatcher.hpp"

#include "conditions.hpp"

namespace nmz::simulation {

/// One line for each event, action and report of a step; none where nothing happened.
void write_step(std::ostream& out, std::span<const dispatch::Event> events, const dispatch::Step& step, Time now);

}  // namespace nmz::simulation
