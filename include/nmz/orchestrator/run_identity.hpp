// Who made a container, so that what a killed run left behind can be told from what a living one uses.
//
// Everything made on an Engine carries two labels: the run, and its owner as BOOT:PID:START (the kernel's boot id, the
// program's process id and its start time in clock ticks). An owner of this boot whose process is gone is dead. One of
// another machine cannot be looked at: its containers end by themselves when its connection ends.
#pragma once

#include <string>

namespace nmz::orchestrator {

inline constexpr const char* run_label = "net.osrg.namazu-swarm.run";
inline constexpr const char* owner_label = "net.osrg.namazu-swarm.owner";

struct RunIdentity {
  std::string run;    ///< random, 12 hex digits
  std::string owner;  ///< BOOT:PID:START

  /// A fresh run of this process.
  [[nodiscard]] static RunIdentity create();
};

/// Whether the owner was a process of this machine's current boot that is gone now.
[[nodiscard]] bool is_dead(const std::string& owner);

}  // namespace nmz::orchestrator
