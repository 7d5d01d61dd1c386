// Workers that are the tasks of one Docker Swarm service, on whatever nodes the Swarm chooses.
//
// Tasks cannot be attached to from outside, and no port of the user's machine is reachable from the cluster. So one
// more container, on the Engine that is spoken to, runs our agent as a relay (wire/relay.hpp): its stdin and stdout,
// taken over from the Engine, are the link, and the workers' agents connect to it inside the cluster. The agent reaches
// the nodes as a config of the Swarm, which holds just under 1 MB and is mounted into the tasks: nothing is built or
// pushed.
//
// Where the relay is: on the only node's default bridge, where the tasks are as well; with several nodes on the host
// network of this node, at the address by which the nodes know it; with --network in that network. An overlay of our
// own would cost about two seconds a start. Where the relay has an address of its own it has it long before it is up,
// and the service is created meanwhile.
//
// Each worker proves itself to the relay with a token of its own, which its task finds in a secret of the Swarm, and
// the link between them is sealed (worker_keys.hpp, agent/secure_channel.hpp): nothing of it is in the service.
//
// Starting a container is work for its node, and many at once make the first one late. So the service begins with a few
// tasks, and has all of them from when the first has connected.
//
// A worker is any task that has connected and is not taken: start() takes the next one. When a task, its node or the
// connection dies, the Swarm starts another or the agent calls again, and that is taken in turn. When the relay dies it
// is started again at the same place, and the agents, which keep calling for 20 s, find it there. When this program
// dies the relay's input ends, the relay ends, and so do the agents after those 20 s (exit 0: they are not restarted).
// A task that connects when its worker has been cancelled, and nobody else waits for one, is sent home at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/patience.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::orchestrator {

class RelayLink;

struct SwarmOptions {
  SwarmOptions() = default;
  std::filesystem::path agent;  ///< the nmzagent program; also needed where the image has it
  bool agent_in_image = false;
  std::string image;          ///< what the nodes find: an id, or NAME@DIGEST
  std::string relay_image;    ///< any image of this Engine
  std::string registry_auth;  ///< for nodes that have to pull
  std::string name = "nmz";   ///< what the names of all that is made start with
  RunIdentity identity;
  bool tree = false;  ///< workers get a work tree
  std::uint32_t replicas = 1;
  std::uint32_t first_replicas = 4;  ///< that many to begin with, until one has connected
  bool single_node = true;
  std::string node_address;  ///< of this node, for the others
  std::string network;
  std::vector<docker::Mount> mounts;
  std::vector<docker::FileReference> secrets;
  std::vector<std::string> constraints;
  std::int64_t nano_cpus = 0;
  std::int64_t memory = 0;
  Patience patience;
  std::function<void(const std::string&)> notice;   ///< one line for the user; may be empty
  std::function<void(const std::string&)> reached;  ///< a phase of the start-up is over; may be empty
};

class Swarm final : public Orchestrator {
 public:
  Swarm(boost::asio::any_io_executor executor, docker::Api& engine, SwarmOptions options);
  ~Swarm() override;

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) override;
  void cancel_start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;
  boost::asio::awaitable<Result<void>> close() override;

  /// Removes services and configs of runs whose program is dead; returns how many. Their containers are left to
  /// Docker::sweep(), which comes afterwards: a service would start them again.
  static boost::asio::awaitable<Result<std::size_t>> sweep(docker::Api& engine, Sweep which = Sweep::dead);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nmz::orchestrator
