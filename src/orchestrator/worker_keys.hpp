// Who may call as which worker of a Swarm's service: the coordinator's half of agent/door.hpp, which says how it works.
//
// The tokens of all workers are one secret of the Swarm. It is a template, of which each task sees what is of its own
// slot and its own name; so nothing secret is in the service's specification, and the secret needs no second object for
// a thousand workers. What a worker calls with after its first call the relay tells, so that a relay that is started
// again can go on.
//
// A token that was refused as spent is that of a task which the Swarm has put in an ended one's place, or was read by a
// test in the worker's container. The caller cannot be asked which. The Swarm can: the task that has the slot now is
// admitted unless it has called before, and whoever else called is told to the user, once for each worker.
//
// Pure: tokens come in, the Swarm is asked by whoever calls.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::orchestrator {

class WorkerKeys {
 public:
  /// The secret of a Swarm has room for these, and some more.
  static constexpr std::uint32_t most_workers = 4096;

  /// `tokens`: of the slots 1, 2, ..., of wire::token_size bytes each.
  explicit WorkerKeys(std::vector<std::string> tokens);

  /// The secret's template. `rejected` when there are more workers than a secret has room for.
  [[nodiscard]] Result<std::string> secret() const;
  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }
  /// What each slot calls with now, and behind that what it has called with before (wire::RelayHello).
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }

  void opened(const wire::ChannelOpened& opened);

  struct Ruling {
    Ruling() = default;
    std::string admit;   ///< this task of the slot; empty = nobody
    std::string notice;  ///< for the user; empty = nothing new
  };
  /// Whether the Swarm has to be asked.
  [[nodiscard]] bool is_of_a_worker(const wire::CallRefused& call) const;
  /// `tasks`: all of the service, as the Swarm has them after the call.
  [[nodiscard]] Ruling judge(const wire::CallRefused& call, const std::vector<docker::Task>& tasks);

 private:
  [[nodiscard]] std::string complain(std::uint32_t slot, const std::string& peer);

  std::vector<std::string> tokens_;
  std::vector<std::string> keys_;
  std::vector<std::set<std::string>> called_;  ///< the tasks of each slot that have been workers
  std::set<std::uint32_t> told_;               ///< slots whose refusals the user knows of; 0 = nobody's
};

}  // namespace nmz::orchestrator
