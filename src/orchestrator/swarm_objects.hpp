// What a run has on a Swarm besides the relay: a config with the agent, a secret with the workers' tokens, and the
// service. Made once, and removed by their ids; where an answer was lost, so that an id may be missing, by the run's
// label.
#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/swarm.hpp"

#include "worker_keys.hpp"

namespace nmz::orchestrator {

class SwarmObjects {
 public:
  SwarmObjects(boost::asio::any_io_executor executor, docker::Api& engine, const SwarmOptions& options)
      : executor_{std::move(executor)}, engine_{engine}, options_{options} {}

  boost::asio::awaitable<Result<void>> make_config();
  boost::asio::awaitable<Result<void>> make_secret(const WorkerKeys& keys);
  /// After the other two. `relay`: "10.0.0.1:7766".
  boost::asio::awaitable<Result<void>> make_service(std::string relay, std::uint32_t replicas);
  /// Its id; empty when there is none.
  [[nodiscard]] const std::string& service() const { return service_; }

  /// Removes everything of the run, so that it can be made again.
  boost::asio::awaitable<Result<void>> start_over();
  /// Something failed on the way.
  void made_is_unsure() { all_known_ = false; }
  /// All of it is tried; the first error is told.
  boost::asio::awaitable<Result<void>> remove();

 private:
  boost::asio::awaitable<Result<void>> remove_known();

  boost::asio::any_io_executor executor_;
  docker::Api& engine_;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const SwarmOptions& options_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string config_;
  std::string secret_;
  std::string service_;
  bool all_known_ = true;
};

}  // namespace nmz::orchestrator
