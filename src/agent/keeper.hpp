// What ends an agent's processes when the agent itself was killed.
//
// An agent is told from its processes by descent alone: a mark in the environment is lost with `env -i`, a session or a
// process group with setsid. But whose descent? When an agent has died its orphans go to the next subreaper above it,
// and were that the program, they would stand among what the program's caller had started before (`exec nmzswarm`, the
// first process of a container), and could not be told from it. So each agent has a parent that is a subreaper and
// starts nothing else: whatever is below that one and is not the agent, the agent has left behind.
//
// In a container the kernel does this: there the agent is the first process.
#pragma once

namespace nmz::agent {

/// Makes this process the keeper and returns in a child of it, which is the agent. The keeper ends everything below
/// it once the agent has ended, or when it is told to by a signal, and ends with the agent's exit code; it does not
/// return. An agent that loses its keeper gets SIGTERM. An errno, or 0.
[[nodiscard]] int become_kept();

}  // namespace nmz::agent
