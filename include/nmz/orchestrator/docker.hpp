// Workers that are plain containers of one Docker Engine.
//
// A worker is a container of the user's image whose entrypoint is our agent, which is uploaded into it before it starts
// (PUT /containers/ID/archive), and whose stdin and stdout, taken over from the Engine (attach), are the stream. So
// nothing is built, pushed or installed, and no port is opened. When the stream ends (this program was killed, the
// connection broke) the agent ends with everything it runs, and the Engine removes the container.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/patience.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::orchestrator {

struct DockerOptions {
  DockerOptions() = default;
  std::filesystem::path agent;  ///< the nmzagent program; empty: the image has it
  std::string image;            ///< its id, so that all workers have the same
  std::string name = "nmz";     ///< what the containers' names start with
  RunIdentity identity;
  bool tree = false;  ///< workers get a work tree
  std::string network;
  std::vector<docker::Mount> mounts;
  std::vector<std::string> env;
  std::int64_t nano_cpus = 0;
  std::int64_t memory = 0;
  Patience patience;
  std::size_t starts_at_once = 4;  ///< more only make each other, and the first worker, late
};

class Docker final : public Orchestrator {
 public:
  Docker(boost::asio::any_io_executor executor, docker::Api& engine, DockerOptions options);
  ~Docker() override;

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;
  void cancel_start(job::WorkerId worker) override;

  /// Removes every container of this run.
  boost::asio::awaitable<Result<void>> close() override;

  /// Removes the containers of runs whose program is dead; returns how many.
  static boost::asio::awaitable<Result<std::size_t>> sweep(docker::Api& engine, Sweep which = Sweep::dead);

 private:
  struct Worker {
    std::string container;
    bool wanted = false;  ///< its start has not been cancelled
    unsigned starts = 0;
  };

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> launch(job::WorkerId worker);
  boost::asio::awaitable<void> enter_gate();
  void leave_gate();
  [[nodiscard]] docker::ContainerSpec specification(job::WorkerId worker, unsigned starts) const;

  boost::asio::any_io_executor executor_;
  docker::Api& engine_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  DockerOptions options_;
  std::string archive_;  ///< a tar file with the agent
  std::map<job::WorkerId, Worker> workers_;
  std::size_t starting_ = 0;
  std::deque<boost::asio::steady_timer*> waiting_;
};

}  // namespace nmz::orchestrator
