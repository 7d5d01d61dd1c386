#include "container_place.hpp"

#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "nmz/docker/endpoint.hpp"

namespace nmz::nmzbisect {
namespace asio = boost::asio;
namespace {

// As Namazu Swarm v0 published it.
constexpr const char* worker_script_label = "net.osrg.namazu-swarm.v0.worker.script";

Error about_image(const std::string& image, const Error& error) {
  if (error.kind != ErrorKind::not_found) return error;
  return {ErrorKind::misconfigured, "the Docker Engine has no image '" + image + "' (build or pull it first)"};
}

}  // namespace

asio::awaitable<Result<void>> ContainerPlace::look(std::string image) {
  Result<docker::Info> info = co_await engine_.info();
  if (!info) co_return tl::unexpected<Error>{info.error()};
  info_ = std::move(*info);
  if (info_.os_type != "linux" || info_.architecture != NMZ_ARCHITECTURE) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine runs " + info_.os_type + " on " + info_.architecture +
                                                 "; this program's agent is for linux on " NMZ_ARCHITECTURE);
  }
  Result<docker::Image> found = co_await engine_.inspect_image(image);
  if (!found) co_return tl::unexpected<Error>{about_image(image, found.error())};
  image_ = std::move(*found);
  image_name_ = std::move(image);
  Result<std::size_t> swept = co_await orchestrator::Docker::sweep(engine_);
  swept_ = swept.value_or(0);
  co_return Result<void>{};
}

Result<std::unique_ptr<ContainerPlace>> ContainerPlace::open(asio::io_context& io, const Options& options) {
  docker::EndpointRequest request;
  request.host = options.host;
  request.context = options.context;
  request.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  const auto endpoint = docker::find_endpoint(request);
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  std::unique_ptr<ContainerPlace> place{new ContainerPlace{io, *endpoint}};
  Result<void> looked;
  auto done = [&looked](const std::exception_ptr& bug, Result<void> result) {
    if (bug) std::rethrow_exception(bug);
    looked = std::move(result);
  };
  asio::co_spawn(io, place->look(options.image), std::move(done));
  io.run();
  io.restart();
  if (!looked) return tl::unexpected<Error>{looked.error()};
  return place;
}

Result<std::string> ContainerPlace::worker_script() const {
  const auto script = image_.labels.find(worker_script_label);
  if (script != image_.labels.end() && !script->second.empty()) return script->second;
  return fail(ErrorKind::misconfigured, "the command is missing, and the image '" + image_name_ + "' has no label " +
                                            worker_script_label + " to run instead");
}

orchestrator::DockerOptions ContainerPlace::worker_options(const Options& options,
                                                           const std::filesystem::path& agent) const {
  orchestrator::DockerOptions result;
  result.agent = agent;
  result.image = image_.id;
  result.name = "nmzbisect";
  result.identity = orchestrator::RunIdentity::create();
  result.tree = !options.no_checkout;
  result.network = options.network;
  result.nano_cpus = options.nano_cpus;
  result.memory = options.memory;
  return result;
}

}  // namespace nmz::nmzbisect
