#include "engine_image.hpp"

#include <cstdlib>
#include <utility>

#include "nmz/contract/v0.hpp"
#include "nmz/docker/credentials.hpp"

namespace nmz::cluster {
namespace asio = boost::asio;

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

std::filesystem::path docker_config_directory() {
  if (const auto chosen = environment_variable("DOCKER_CONFIG"); chosen && !chosen->empty()) return *chosen;
  return std::filesystem::path{environment_variable("HOME").value_or("/")} / ".docker";
}

Login::Login(const std::string& image) {
  Result<std::string> known = docker::registry_auth(docker_config_directory(), docker::registry_of(image));
  if (known) {
    auth = std::move(*known);
  } else {
    trouble = " (" + known.error().message + ")";
  }
}

asio::awaitable<Result<docker::Image>> find_image(docker::Api& engine, std::string name) {
  Result<docker::Image> found = co_await engine.inspect_image(name);
  if (!found && found.error().kind == ErrorKind::not_found) {
    const Login login{name};
    Result<void> pulled = co_await engine.pull_image(name, login.auth, transfer_limit);
    if (!pulled) {
      co_return fail(ErrorKind::misconfigured, "the Docker Engine has no image '" + name +
                                                   "' and cannot pull it: " + pulled.error().message + login.trouble);
    }
    found = co_await engine.inspect_image(name);
  }
  co_return found;
}

std::string instead_of_label(const std::string& label) {
  if (label == contract::v0::worker_script_label) return "a command behind --";
  if (label == contract::v0::master_script_label) return "--workloads FILE";
  return {};
}

Result<std::string> label_of(const docker::Image& image, const std::string& image_name, const std::string& label) {
  const auto found = image.labels.find(label);
  if (found != image.labels.end() && !found->second.empty()) return found->second;
  const std::string instead = instead_of_label(label);
  return fail(ErrorKind::misconfigured, "the image '" + image_name + "' has no label " + label +
                                            (instead.empty() ? "" : "; give it one, or " + instead));
}

}  // namespace nmz::cluster
