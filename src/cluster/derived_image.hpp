// The user's image with the agent in it, where nobody gave it a name: it is ours, and goes with the run.
//
// It carries the labels by which a run's containers are known, so that a killed run's image is found and removed by the
// next one. An image with a name (--target) is the user's and stays.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/patience.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::cluster {

/// The label with the id of the image it was made from.
inline constexpr const char* derived_from_label = "net.osrg.namazu-swarm.derived-from";

/// `workers`, whose close() removes the image `id` too. `engine` outlives them.
[[nodiscard]] std::unique_ptr<orchestrator::Orchestrator> with_image_removed(
    std::unique_ptr<orchestrator::Orchestrator> workers, boost::asio::any_io_executor executor, docker::Api& engine,
    std::string id, orchestrator::Patience patience);

/// Removes what killed runs left; returns how many images.
[[nodiscard]] boost::asio::awaitable<Result<std::size_t>> sweep_derived_images(docker::Api& engine,
                                                                               orchestrator::Sweep which);

}  // namespace nmz::cluster
