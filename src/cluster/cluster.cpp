#include "nmz/cluster/cluster.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "nmz/docker/credentials.hpp"
#include "nmz/docker/endpoint.hpp"
#include "nmz/orchestrator/agent_archive.hpp"
#include "nmz/orchestrator/docker.hpp"

namespace nmz::cluster {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::minutes transfer_limit{30};

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

std::filesystem::path docker_config_directory() {
  if (const auto chosen = variable("DOCKER_CONFIG"); chosen && !chosen->empty()) return *chosen;
  return std::filesystem::path{variable("HOME").value_or("/")} / ".docker";
}

/// Runs a coroutine to its end on `io`, from outside of it.
template <class T>
Result<T> run_on(asio::io_context& io, asio::awaitable<Result<T>> work) {
  std::optional<Result<T>> answer;
  auto done = [&answer](const std::exception_ptr& bug, Result<T> result) {
    if (bug) std::rethrow_exception(bug);
    answer = std::move(result);
  };
  asio::co_spawn(io, std::move(work), std::move(done));
  io.run();
  io.restart();
  return std::move(*answer);
}

Result<docker::Endpoint> endpoint_of(const Options& options) {
  docker::EndpointRequest request;
  request.host = options.host;
  request.context = options.context;
  request.variable = variable;
  return docker::find_endpoint(request);
}

std::string without_tag(std::string reference) {
  reference = reference.substr(0, reference.find('@'));
  const std::size_t slash = reference.rfind('/');
  const std::size_t colon = reference.rfind(':');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) return reference;
  return reference.substr(0, colon);
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::open(asio::io_context& io, Options options) {
  const auto endpoint = endpoint_of(options);
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  std::unique_ptr<Cluster> cluster{new Cluster{io, std::move(options), *endpoint}};
  const Result<void> looked = run_on(io, cluster->look());
  if (!looked) return tl::unexpected<Error>{looked.error()};
  return cluster;
}

asio::awaitable<Result<void>> Cluster::look() {
  Result<docker::Info> info = co_await engine_.info();
  if (!info) co_return tl::unexpected<Error>{info.error()};
  info_ = std::move(*info);
  if (info_.os_type != "linux" || info_.architecture != NMZ_ARCHITECTURE) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine runs " + info_.os_type + " on " + info_.architecture +
                                                 "; this program's agent is for linux on " NMZ_ARCHITECTURE);
  }
  Result<void> chosen = co_await choose_kind();
  if (!chosen) co_return chosen;
  Result<void> found = co_await find_image();
  if (!found) co_return found;
  Result<std::size_t> swept = co_await orchestrator::Docker::sweep(engine_);
  swept_ = swept.value_or(0);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Cluster::choose_kind() {
  kind_ = options_.kind.value_or(Kind::docker);
  cpus_ = info_.cpus;
  if (kind_ == Kind::swarm) co_return fail(ErrorKind::misconfigured, "workers on a Swarm are not there yet");
  co_return Result<void>{};
}

/// As `docker run` does, an image the Engine does not have is pulled.
asio::awaitable<Result<void>> Cluster::find_image() {
  Result<docker::Image> found = co_await engine_.inspect_image(options_.image);
  if (!found && found.error().kind == ErrorKind::not_found) {
    const std::string auth = registry_auth_of(options_.image);
    Result<void> pulled = co_await engine_.pull_image(options_.image, auth, {}, transfer_limit);
    if (!pulled) {
      co_return fail(ErrorKind::misconfigured, "the Docker Engine has no image '" + options_.image +
                                                   "' and cannot pull it: " + pulled.error().message);
    }
    found = co_await engine_.inspect_image(options_.image);
  }
  if (!found) co_return tl::unexpected<Error>{found.error()};
  image_ = std::move(*found);
  co_return Result<void>{};
}

/// Nothing known, or a helper that fails, is an attempt without credentials: the registry has the last word.
std::string Cluster::registry_auth_of(const std::string& image) {
  return docker::registry_auth(docker_config_directory(), docker::registry_of(image)).value_or("");
}

Result<std::string> Cluster::label(const std::string& name) const {
  const auto label = image_.labels.find(name);
  if (label != image_.labels.end() && !label->second.empty()) return label->second;
  return fail(ErrorKind::misconfigured, "the image '" + options_.image + "' has no label " + name);
}

std::string Cluster::repository() const { return without_tag(options_.image); }

/// The user's image with the agent in it: --target, or a name of our own. Returns what the workers' image is.
asio::awaitable<Result<std::string>> Cluster::derive(std::filesystem::path agent) {
  Result<std::string> context = orchestrator::agent_build_context(agent, image_.id);
  if (!context) co_return context;
  auto rest = std::make_shared<std::string>(std::move(*context));
  const docker::BodySource body = [rest]() -> Result<std::string> { return std::exchange(*rest, std::string{}); };
  const docker::Labels labels{{"net.osrg.namazu-swarm.derived-from", image_.id}};
  Result<std::string> id = co_await engine_.build_image(body, options_.target, labels, {}, transfer_limit);
  if (!id) {
    co_return fail(ErrorKind::misconfigured, "cannot build '" + options_.target + "': " + id.error().message);
  }
  if (!options_.push) co_return id;
  const std::string auth = registry_auth_of(options_.target);
  Result<std::string> digest = co_await engine_.push_image(options_.target, auth, {}, transfer_limit);
  if (!digest) {
    co_return fail(ErrorKind::misconfigured, "cannot push '" + options_.target + "': " + digest.error().message);
  }
  co_return digest;
}

Result<std::unique_ptr<orchestrator::Orchestrator>> Cluster::workers(const std::filesystem::path& agent, bool tree,
                                                                     std::uint32_t /*count*/) {
  std::string image = image_.id;
  const bool derived = options_.inject == Inject::image || !options_.target.empty();
  if (derived) {
    Result<std::string> made = run_on(io_, derive(agent));
    if (!made) return tl::unexpected<Error>{made.error()};
    image = std::move(*made);
  }
  orchestrator::DockerOptions result;
  result.agent = derived ? std::filesystem::path{} : agent;
  result.image = image;
  result.name = options_.name;
  result.identity = orchestrator::RunIdentity::create();
  result.tree = tree;
  result.network = options_.network;
  result.mounts = options_.mounts;
  result.nano_cpus = options_.nano_cpus;
  result.memory = options_.memory;
  return std::make_unique<orchestrator::Docker>(io_.get_executor(), engine_, std::move(result));
}

}  // namespace nmz::cluster
