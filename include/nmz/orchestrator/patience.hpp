// How long an Engine and its Swarm are given before a run is lost.
#pragma once

#include <chrono>

namespace nmz::orchestrator {

struct Patience {
  Patience() = default;
  /// An Engine, or the relay, that went away is looked for again and again, for so long.
  std::chrono::milliseconds reconnect_every{500};
  std::chrono::milliseconds reconnect_for{30000};
  /// A relay that is being started has its address long before it is up.
  std::chrono::milliseconds look_for_address_every{20};
  std::chrono::milliseconds look_at_tasks_every{1000};
  /// While no worker is connected: how long nothing may connect, and how long where the Swarm says why.
  std::chrono::milliseconds silence{60000};
  std::chrono::milliseconds trouble{20000};
  /// An image goes when the last container that was made from it is gone.
  std::chrono::milliseconds image_every{200};
  std::chrono::milliseconds image_for{8000};
};

}  // namespace nmz::orchestrator
