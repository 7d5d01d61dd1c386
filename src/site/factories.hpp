// The kinds of places that site.cpp has in its table.
#pragma once

#include <memory>

#include "nmz/site/site.hpp"

namespace nmz::site {

using Opened = Result<std::unique_ptr<Site>>;

[[nodiscard]] Opened open_local(boost::asio::io_context& io, const Choice& choice);
/// Containers on one Engine, or the tasks of a service where that is a manager of a Swarm.
[[nodiscard]] Opened open_containers(boost::asio::io_context& io, const Choice& choice);
/// Pods of a cluster that a kubeconfig names.
[[nodiscard]] Opened open_kubernetes(boost::asio::io_context& io, const Choice& choice);
/// Workers of Namazu Swarm v0, which are called.
[[nodiscard]] Opened open_funker(boost::asio::io_context& io, const Choice& choice);

}  // namespace nmz::site
