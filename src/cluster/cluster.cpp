#include "nmz/cluster/cluster.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "nmz/docker/endpoint.hpp"
#include "nmz/docker/engine.hpp"
#include "nmz/docker/proxies.hpp"
#include "nmz/orchestrator/agent_archive.hpp"
#include "nmz/orchestrator/docker.hpp"
#include "nmz/orchestrator/swarm.hpp"

#include "derived_image.hpp"
#include "engine_image.hpp"
#include "image_name.hpp"
#include "run_on.hpp"

namespace nmz::cluster {
namespace asio = boost::asio;
namespace {

Result<docker::Endpoint> endpoint_of(const Options& options) {
  docker::EndpointRequest request;
  request.host = options.host;
  request.context = options.context;
  request.variable = environment_variable;
  return docker::find_endpoint(request);
}

Result<std::unique_ptr<docker::Api>> engine_of(asio::io_context& io, const Options& options) {
  auto endpoint = endpoint_of(options);
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  return std::make_unique<docker::Engine>(io.get_executor(), std::move(*endpoint));
}

}  // namespace

Result<EngineFacts> examine_engine(asio::io_context& io, const Options& options) {
  const auto endpoint = endpoint_of(options);
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  docker::Engine engine{io.get_executor(), *endpoint};
  Result<docker::Info> info = run_on(io, engine.info());
  if (!info) return tl::unexpected<Error>{info.error()};
  EngineFacts facts;
  facts.endpoint = endpoint->text();
  facts.api = engine.api_version();
  facts.info = std::move(*info);
  return facts;
}

Result<std::unique_ptr<Cluster>> Cluster::open(asio::io_context& io, Options options) {
  auto engine = engine_of(io, options);
  if (!engine) return tl::unexpected<Error>{engine.error()};
  return open(io, std::move(options), std::move(*engine));
}

Result<std::unique_ptr<Cluster>> Cluster::open(asio::io_context& io, Options options,
                                               std::unique_ptr<docker::Api> engine) {
  std::unique_ptr<Cluster> cluster{new Cluster{io, std::move(options), std::move(engine)}};
  const Result<void> looked = run_on(io, cluster->look());
  if (!looked) return tl::unexpected<Error>{looked.error()};
  return cluster;
}

asio::awaitable<Result<void>> Cluster::look() {
  Result<docker::Info> info = co_await engine_->info();
  if (!info) co_return tl::unexpected<Error>{info.error()};
  info_ = std::move(*info);
  if (info_.os_type != "linux" || info_.architecture != NMZ_ARCHITECTURE) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine runs " + info_.os_type + " on " + info_.architecture +
                                                 "; this program's agent is for linux on " NMZ_ARCHITECTURE);
  }
  Result<void> chosen = co_await choose_kind();
  if (!chosen) co_return chosen;
  Result<void> found = co_await find_secrets();
  if (!found) co_return found;
  Result<docker::Image> image = co_await find_image(*engine_, options_.image);
  if (!image) co_return tl::unexpected<Error>{image.error()};
  image_ = std::move(*image);
  // What cannot be removed now is no reason not to run.
  Result<std::size_t> swept = co_await sweep(orchestrator::Sweep::dead);
  swept_ = swept.value_or(0);
  co_return Result<void>{};
}

asio::awaitable<Result<std::size_t>> Cluster::sweep(orchestrator::Sweep which) {
  std::size_t removed = 0;
  if (info_.manager) {
    // Before the containers: a service would start its tasks again.
    Result<std::size_t> services = co_await orchestrator::Swarm::sweep(*engine_, which);
    if (!services) co_return services;
    removed = *services;
  }
  Result<std::size_t> containers = co_await orchestrator::Docker::sweep(*engine_, which);
  if (!containers) co_return containers;
  // What was made from an image has to go before it.
  Result<std::size_t> images = co_await sweep_derived_images(*engine_, which);
  if (!images) co_return images;
  co_return removed + *containers + *images;
}

asio::awaitable<Result<std::size_t>> Cluster::look_and_sweep(orchestrator::Sweep which) {
  Result<docker::Info> info = co_await engine_->info();
  if (!info) co_return tl::unexpected<Error>{info.error()};
  info_ = std::move(*info);
  Result<std::size_t> swept = co_await sweep(which);
  co_return swept;
}

Result<std::size_t> Cluster::collect(asio::io_context& io, Options options, orchestrator::Sweep which) {
  auto engine = engine_of(io, options);
  if (!engine) return tl::unexpected<Error>{engine.error()};
  return collect(io, std::move(options), which, std::move(*engine));
}

Result<std::size_t> Cluster::collect(asio::io_context& io, Options options, orchestrator::Sweep which,
                                     std::unique_ptr<docker::Api> engine) {
  Cluster cluster{io, std::move(options), std::move(engine)};
  return run_on(io, cluster.look_and_sweep(which));
}

asio::awaitable<Result<void>> Cluster::choose_kind() {
  const bool swarm = info_.swarm == docker::Info::Swarm::active && info_.manager;
  const bool for_containers = options_.inject == Inject::archive;
  kind_ = options_.kind.value_or(swarm && !for_containers ? Kind::swarm : Kind::docker);
  cpus_ = info_.cpus;
  if (kind_ != Kind::swarm) {
    for (const auto* list : {&options_.constraints, &options_.secrets}) {
      if (list->empty()) continue;
      co_return fail(ErrorKind::misconfigured, "--constraint and --secret are for a Swarm, and this Engine (" +
                                                   info_.name + ") is no manager of one");
    }
    co_return check_injection();
  }
  if (!swarm) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine " + info_.name +
                                                 " is no manager of a Swarm (`docker swarm init` makes it one; "
                                                 "--orchestrator docker needs none)");
  }
  Result<std::vector<docker::Node>> nodes = co_await engine_->list_nodes();
  if (!nodes) co_return tl::unexpected<Error>{nodes.error()};
  nodes_ = std::move(*nodes);
  constexpr std::int64_t nano = 1000000000;
  std::int64_t cpus = 0;
  for (const docker::Node& node : nodes_) {
    if (node.state == "ready" && node.availability == "active") cpus += node.nano_cpus / nano;
  }
  cpus_ = static_cast<std::uint32_t>(std::max<std::int64_t>(cpus, 1));
  co_return check_injection();
}

/// What only the Engine can tell; the rest is said by the options alone.
Result<void> Cluster::check_injection() const {
  if (kind_ != Kind::swarm) {
    if (options_.inject != Inject::config) return {};
    return fail(ErrorKind::misconfigured, "--inject config is for a Swarm, and this Engine (" + info_.name +
                                              ") is no manager of one; archive and image work here");
  }
  const bool derives = options_.inject == Inject::image || !options_.target.empty();
  // With constraints the user has said which nodes it is for.
  if (!derives || options_.push || nodes_.size() <= 1 || !options_.constraints.empty()) return {};
  return fail(ErrorKind::misconfigured,
              "only this one of the Swarm's " + std::to_string(nodes_.size()) +
                  " nodes would have the derived image: add --push and --target REGISTRY/NAME, or leave it to --inject "
                  "config");
}

asio::awaitable<Result<void>> Cluster::find_secrets() {
  if (options_.secrets.empty()) co_return Result<void>{};
  Result<std::vector<docker::Resource>> known = co_await engine_->list_secrets({});
  if (!known) co_return tl::unexpected<Error>{known.error()};
  const std::set<std::string> names{options_.secrets.begin(), options_.secrets.end()};
  for (const std::string& name : names) {
    const auto found =
        std::find_if(known->begin(), known->end(), [&](const docker::Resource& one) { return one.name == name; });
    if (found == known->end())
      co_return fail(ErrorKind::misconfigured, "the Swarm has no secret '" + name + "' (see: docker secret ls)");
    docker::FileReference reference;
    reference.id = found->id;
    reference.name = name;
    reference.target = name;
    secrets_.push_back(std::move(reference));
  }
  co_return Result<void>{};
}

Result<std::string> Cluster::label(const std::string& name) const { return label_of(image_, options_.image, name); }

std::string Cluster::repository() const { return without_tag(options_.image); }

/// The user's image with the agent in it: --target, or a name of our own. Returns what the workers' image is.
asio::awaitable<Result<std::string>> Cluster::derive(std::filesystem::path agent) {
  Result<std::string> context = orchestrator::agent_build_context(agent, image_.id);
  if (!context) co_return context;
  auto rest = std::make_shared<std::string>(std::move(*context));
  const docker::BodySource body = [rest]() -> Result<std::string> { return std::exchange(*rest, std::string{}); };
  docker::Labels labels{{derived_from_label, image_.id}};
  if (options_.target.empty()) {
    labels[orchestrator::run_label] = identity_.run;
    labels[orchestrator::owner_label] = identity_.owner;
  }
  Result<std::string> id = co_await engine_->build_image(body, options_.target, labels, transfer_limit);
  if (!id) {
    const std::string what = options_.target.empty() ? "an image from '" + options_.image : "'" + options_.target;
    co_return fail(ErrorKind::misconfigured, "cannot build " + what + "': " + id.error().message);
  }
  if (!options_.push) co_return id;
  const Login login{options_.target};
  Result<std::string> digest = co_await engine_->push_image(options_.target, login.auth, transfer_limit);
  if (!digest) {
    co_return fail(ErrorKind::misconfigured,
                   "cannot push '" + options_.target + "': " + digest.error().message + login.trouble);
  }
  co_return digest;
}

std::vector<std::string> Cluster::environment() const {
  const Result<docker::Endpoint> endpoint = endpoint_of(options_);
  return endpoint ? docker::proxy_variables(docker_config_directory(), endpoint->text()) : std::vector<std::string>{};
}

Result<std::unique_ptr<orchestrator::Orchestrator>> Cluster::workers(const WorkersRequest& request) {
  std::string derived;
  if (options_.inject == Inject::image || !options_.target.empty()) {
    Result<std::string> made = run_on(io_, derive(request.agent));
    if (!made) return tl::unexpected<Error>{made.error()};
    derived = std::move(*made);
  }
  auto workers = kind_ == Kind::swarm ? swarm_workers(request, derived) : container_workers(request, derived);
  if (derived.empty() || !options_.target.empty()) return workers;
  return with_image_removed(std::move(workers), io_.get_executor(), *engine_, derived, request.patience);
}

std::unique_ptr<orchestrator::Orchestrator> Cluster::container_workers(const WorkersRequest& request,
                                                                       const std::string& derived) {
  orchestrator::DockerOptions options;
  if (derived.empty()) options.agent = request.agent;
  options.image = derived.empty() ? image_.id : derived;
  options.name = options_.name;
  options.identity = identity_;
  options.tree = request.tree;
  options.patience = request.patience;
  options.network = options_.network;
  options.mounts = options_.mounts;
  options.env = {"NMZ_NODE=" + info_.name};
  options.nano_cpus = options_.nano_cpus;
  options.memory = options_.memory;
  return std::make_unique<orchestrator::Docker>(io_.get_executor(), *engine_, std::move(options));
}

/// What the nodes are told to run. A name with its tag would make every task ask the registry: 20 s where its name
/// cannot be resolved. The id needs the image to be there; a digest is pulled where it is not.
std::string Cluster::image_for_nodes() const {
  const bool single = nodes_.size() == 1;
  return single || image_.digests.empty() ? image_.id : image_.digests.front();
}

std::unique_ptr<orchestrator::Orchestrator> Cluster::swarm_workers(const WorkersRequest& request,
                                                                   const std::string& derived) {
  orchestrator::SwarmOptions options;
  options.agent = request.agent;
  options.agent_in_image = !derived.empty();
  options.image = derived.empty() ? image_for_nodes() : derived;
  options.relay_image = image_.id;
  options.registry_auth = Login{derived.empty() ? options_.image : options_.target}.auth;
  options.name = options_.name;
  options.identity = identity_;
  options.tree = request.tree;
  options.replicas = request.count;
  options.first_replicas = 2 * cpus_;
  options.single_node = nodes_.size() == 1;
  options.node_address = info_.node_address;
  options.patience = request.patience;
  options.network = options_.network;
  options.mounts = options_.mounts;
  options.secrets = secrets_;
  options.constraints = options_.constraints;
  options.nano_cpus = options_.nano_cpus;
  options.memory = options_.memory;
  options.notice = request.notice;
  options.reached = request.reached;
  return std::make_unique<orchestrator::Swarm>(io_.get_executor(), *engine_, std::move(options));
}

}  // namespace nmz::cluster
