// Workers that are the pods of one Job of a Kubernetes cluster.
//
// From 1.24 on the Job is Indexed, and each index is a worker's place: when its pod is lost the Job's controller makes
// another. Before, any pod may become any worker, and each that succeeds leaves one place less. Our agent is the
// pod's first process; it comes as a file of an immutable ConfigMap, so the user's image stays as it is and nothing is
// built or pushed. Its stdin and stdout, attached to through the API server, are the stream: nothing but the API server
// is talked to, and no port is opened.
//
// A stream that is lost is a lost worker, as everywhere: what comes through an API server may end without having been
// all of it, so nothing is concluded from an end (the conversation counts its own messages). The agent ends when its
// stream does, with a status that says whether it was told to; only what was told to end counts as done with the Job,
// since the place of a pod that has succeeded is never filled again. An agent that nobody speaks to ends by itself.
//
// The Job is made first and owns the ConfigMap: whatever becomes of this program, what is left is one Job that ends by
// itself, with everything it owns. Waiting is no loss: a pod may be pending while an image is pulled, a node is added,
// or a queue (Kueue) waits for quota.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "nmz/kubernetes/client.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::orchestrator {

/// How long a cluster is given before a run is lost.
struct PodPatience {
  PodPatience() = default;
  /// An API server that went away is looked for again and again, for so long.
  std::chrono::milliseconds reconnect_every{500};
  std::chrono::milliseconds reconnect_for{30000};
  std::chrono::milliseconds look_at_job_every{2000};
  /// While no worker is connected: how long nothing may run, and how long where what is wrong will stay wrong.
  std::chrono::milliseconds pending{600000};
  std::chrono::milliseconds trouble{20000};
  /// At the end of a run.
  std::chrono::milliseconds remove_for{10000};
};

struct KubernetesOptions {
  KubernetesOptions() = default;
  std::filesystem::path agent;  ///< the nmzagent program
  kubernetes::ServerVersion server;
  std::string image;
  std::string name = "nmz";  ///< what the names of all that is made start with
  RunIdentity identity;
  bool tree = false;  ///< workers get a work tree
  std::uint32_t replicas = 1;
  std::int64_t nano_cpus = 0;
  std::int64_t memory = 0;
  std::vector<std::string> secrets;
  std::vector<kubernetes::Mount> mounts;
  std::string queue;        ///< of Kueue
  std::string agent_image;  ///< that has the agent as /nmzagent; empty = it comes in a ConfigMap
  kubernetes::Labels node_selector;
  std::vector<kubernetes::Toleration> tolerations;
  std::string priority_class;
  std::string service_account;
  std::vector<std::string> pull_secrets;
  std::string pod_template;  ///< JSON (kubernetes/pod_template.hpp)
  PodPatience patience;
  std::function<void(const std::string&)> notice;   ///< one line for the user; may be empty
  std::function<void(const std::string&)> reached;  ///< a phase of the start-up is over; may be empty
};

class Kubernetes final : public Orchestrator {
 public:
  Kubernetes(boost::asio::any_io_executor executor, kubernetes::Client& client, KubernetesOptions options);
  ~Kubernetes() override;

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) override;
  void cancel_start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;
  boost::asio::awaitable<Result<void>> close() override;

  /// Removes the Jobs of runs whose program is dead; returns how many.
  static boost::asio::awaitable<Result<std::size_t>> sweep(kubernetes::Client& client, Sweep which = Sweep::dead);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nmz::orchestrator
