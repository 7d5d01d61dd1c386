// How the program ends. A Swarm restarts tasks that fail, so whatever is the ordinary end of a worker or a relay is ok.
#pragma once

namespace nmz::agent {

enum class ExitCode : int { ok = 0, usage = 2, protocol = 3, system = 4 };

}  // namespace nmz::agent
