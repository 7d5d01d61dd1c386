// The user's image as a Docker Engine has it, and its labels; and what this program's environment says of Docker.
//
// As `docker run` does, an image that the Engine does not have is pulled. A Kubernetes cluster tells nobody what labels
// an image has (the API server does not know them, and what its nodes pull is between them and a registry), so an
// Engine is asked for these there, too.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"

namespace nmz::cluster {

inline constexpr std::chrono::minutes transfer_limit{30};

/// A variable of the environment; nothing: it is not set.
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

/// DOCKER_CONFIG, or ~/.docker.
[[nodiscard]] std::filesystem::path docker_config_directory();

/// What `docker login` and its helpers know about the image's registry, and what went wrong when they were asked. With
/// nothing, the registry is tried all the same: it has the last word.
struct Login {
  explicit Login(const std::string& image);
  std::string auth;
  std::string trouble;
};

/// Errors are one line for the user. The Engine outlives the call.
[[nodiscard]] boost::asio::awaitable<Result<docker::Image>> find_image(docker::Api& engine, std::string name);

/// Errors (misconfigured): it has none, or an empty one, and what to give instead.
[[nodiscard]] Result<std::string> label_of(const docker::Image& image, const std::string& image_name,
                                           const std::string& label);

/// "--workloads FILE", "a command behind --": what says the same as a label of Namazu Swarm v0; empty = nothing does.
[[nodiscard]] std::string instead_of_label(const std::string& label);

}  // namespace nmz::cluster
