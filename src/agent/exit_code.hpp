// How the program ends. A Swarm restarts tasks that fail, so whatever is the ordinary end of a worker or a relay is ok.
// A signal is no ordinary end of a worker that calls: a test can have sent it (`kill 1`), and would take the workers
// one by one. Where it is the Swarm's own, which wants this task no more, it does not ask for the code. The place of a
// pod of a Job is filled again unless it ends with ok, so for a worker that is attached to that is to have been told to
// end.
#pragma once

namespace nmz::agent {

enum class ExitCode : int { ok = 0, usage = 2, protocol = 3, system = 4, signalled = 5, cut_off = 6 };

}  // namespace nmz::agent
