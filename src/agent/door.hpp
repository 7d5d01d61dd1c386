// Who may call as one worker, which is whatever task the Swarm has for one slot of the service.
//
// Every task of the slot finds the same token, and tests in it can read that as well. So it counts once, for the task
// that calls first: no test has run in any of them by then. From there on each call needs the key that the one before
// left behind, which only that agent has. Where the Swarm has put another task in its place, the coordinator says which
// one (it asks the Swarm, not the caller), and that one's own key counts, once: no test knew that name before.
//
// The agent that was replaced may live, cut off from the network, and come back to call with what it has. That is no
// intruder, and nobody else has such a key: the last few are remembered, so that the user is not warned of it.
//
// Pure. The coordinator's half is orchestrator/worker_keys.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "nmz/wire/relay.hpp"

#include "secure_channel.hpp"

namespace nmz::agent {

/// Its first bytes, as many as a key has.
[[nodiscard]] Key key_of(std::string_view bytes);

class Door {
 public:
  enum class Caller {
    nobody,
    former,  ///< a worker that has been replaced
    spent,   ///< has the token, which does not count any more
    worker
  };

  /// `keys`: the one that counts now (the token as well when nobody has called yet), and those before it.
  Door(const Key& token, std::string_view keys);

  [[nodiscard]] Caller who(std::string_view opening) const;
  /// What a worker calls with now.
  [[nodiscard]] const Key& key() const { return key_; }
  void let_in(std::string_view task, const Key& next);
  /// The Swarm says that this task has the slot now. One that has been let in gets nothing by it.
  void admit(std::string_view task);

 private:
  void change_key(const Key& next);

  Key token_;
  Key key_;
  std::array<Key, wire::former_keys>
      former_{};  ///< the oldest is overwritten; not used yet = the token, which is known before
  std::size_t changes_ = 0;
  std::string inside_;  ///< the task that was let in last
};

}  // namespace nmz::agent
