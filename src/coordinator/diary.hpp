// What the coordinator does, in words for a debug log (see diagnostics.hpp): decisions with their reasons, and what the
// workers say. Never what a command says, nor its environment.
#pragma once

#include <string>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::coordinator {

void note(const dispatch::Action& action);
void note(const dispatch::Report& report);
/// Whether an agent's own remarks are read.
[[nodiscard]] bool wants_remarks();
/// `what`: "its agent ended", ...
void note(job::WorkerId worker, const std::string& what);
/// Of an agent.
void note(job::WorkerId worker, const wire::Message& message);

}  // namespace nmz::coordinator
