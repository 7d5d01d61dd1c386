// Who made a container, so that what a killed run left behind can be told from what a living one uses.
//
// Everything made on an Engine carries two labels: the run, and its owner as BOOT.NS:PID:START (the kernel's boot id
// and the process id namespace, the program's process id and its start time in clock ticks). An owner of this boot and
// namespace whose process is gone is dead. One of elsewhere cannot be looked at: its containers end by themselves when
// its connection ends.
#pragma once

#include <cstdint>
#include <map>
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

/// What a sweep removes. dead: what runs of this machine left whose program is gone. all: what any run made that is not
/// known to be alive; those of other machines may be.
enum class Sweep : std::uint8_t { dead, all };

/// Whether the owner was a process of this machine's current boot that is gone now.
[[nodiscard]] bool is_dead(const std::string& owner);

/// Whether something with these labels is to be swept. Without an owner it is not ours.
[[nodiscard]] bool is_swept(const std::map<std::string, std::string>& labels, Sweep which);

}  // namespace nmz::orchestrator
