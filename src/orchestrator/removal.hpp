// Taking away what a run made on an Engine.
#pragma once

#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::orchestrator {

/// Whether the Engine did not answer in time. Then it is not asked for more at the end of a run, half a minute each:
/// the next run removes the rest.
template <class Value>
[[nodiscard]] bool met_silence(const Result<Value>& done) {
  return !done && done.error().kind == ErrorKind::timed_out;
}

/// Removes the Engine's containers that have the labels, all at once: one after the other they would take a tenth of a
/// second each. The first error is returned, after all have been tried. Those that have ended and have the label `but`
/// are left to whoever removes them anyway.
boost::asio::awaitable<Result<void>> remove_containers(boost::asio::any_io_executor executor, docker::Api& engine,
                                                       docker::Labels labels, std::string but = {});

/// The same, saying that it is about them.
[[nodiscard]] inline Result<void> about_containers(Result<void> removed) {
  if (!removed) removed.error().message.insert(0, "cannot remove the containers: ");
  return removed;
}

/// Removes a service. One whose tasks are started again and again is brought to rest before, which takes up to some
/// seconds: the manager of Docker 20.10 falls (a nil pointer in swarmkit's SetServiceTasksRemove) when it removes a
/// service while it is throwing away what was left of such tasks.
boost::asio::awaitable<Result<void>> remove_service(boost::asio::any_io_executor executor, docker::Api& engine,
                                                    std::string id);

/// Everything that has the labels: services, configs, secrets, containers. The first error ends it.
boost::asio::awaitable<Result<void>> remove_all(boost::asio::any_io_executor executor, docker::Api& engine,
                                                docker::Labels labels);

/// What other runs left on the Swarm; how much that was.
boost::asio::awaitable<Result<std::size_t>> sweep_swarm(boost::asio::any_io_executor executor, docker::Api& engine,
                                                        Sweep which);

}  // namespace nmz::orchestrator
