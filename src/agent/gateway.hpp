// The way out of a network of one's own: pasta, of passt, which rootless containers use as well.
//
// A new network namespace has a loopback and nothing else. pasta stands in the network that was there before and
// carries connections out of the new one, without privileges. It has to be started before the network is left and can
// only begin after that, so a process waits in between. It stands beside the agent, below the world's first process: no
// job's end takes it for the job's own, and it ends with the world.
//
// A program that is executed by whoever is not root loses its capabilities, and pasta needs those of the world's user
// namespace to come into the network. So it is given them as ambient ones.
#pragma once

#include <string>

#include <sys/types.h>

#include "failure.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Gateway {
 public:
  /// Before the network is left. `program`: pasta's path.
  [[nodiscard]] static Attempt<Gateway> prepare(const std::string& program);
  /// In the new network: returns when there is a way out.
  [[nodiscard]] Attempt<> open();

 private:
  Gateway(pid_t process, UniqueFd line) : process_{process}, line_{std::move(line)} {}
  pid_t process_;
  UniqueFd line_;  ///< to the process that waits
};

}  // namespace nmz::agent
