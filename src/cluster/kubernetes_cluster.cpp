#include "nmz/cluster/kubernetes_cluster.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "nmz/docker/endpoint.hpp"
#include "nmz/docker/engine.hpp"
#include "nmz/kubernetes/access.hpp"
#include "nmz/kubernetes/rights.hpp"
#include "nmz/orchestrator/kubernetes.hpp"

#include "engine_image.hpp"
#include "image_name.hpp"
#include "pod_options.hpp"
#include "run_on.hpp"

namespace nmz::cluster {
namespace asio = boost::asio;
namespace {

constexpr unsigned oldest_minor = 20;
constexpr int most_questions = 3;
constexpr std::chrono::milliseconds between_questions{500};

kubernetes::AccessRequest access_request(const Options& options) {
  kubernetes::AccessRequest request;
  request.context = options.context;
  request.name_space = options.name_space;
  request.variable = environment_variable;
  return request;
}

/// That docker itself would ask. --context is a kubeconfig's.
Result<docker::Endpoint> engine_endpoint() {
  docker::EndpointRequest request;
  request.variable = environment_variable;
  return docker::find_endpoint(request);
}

}  // namespace

Result<std::unique_ptr<KubernetesCluster>> KubernetesCluster::open(asio::io_context& io, Options options) {
  auto access = kubernetes::find_access(access_request(options));
  if (!access) return tl::unexpected<Error>{access.error()};
  // What is wrong with an option is said before anybody is asked.
  orchestrator::KubernetesOptions pods;
  if (Result<void> good = apply_pod_options(options, pods); !good) return tl::unexpected<Error>{good.error()};
  std::unique_ptr<KubernetesCluster> cluster{new KubernetesCluster{io, std::move(options), std::move(*access)}};
  const Result<void> looked = run_on(io, cluster->look());
  if (!looked) return tl::unexpected<Error>{looked.error()};
  return cluster;
}

Result<std::size_t> KubernetesCluster::collect(asio::io_context& io, const Options& options,
                                               orchestrator::Sweep which) {
  auto access = kubernetes::find_access(access_request(options));
  if (!access) return tl::unexpected<Error>{access.error()};
  kubernetes::Client client{io.get_executor(), std::move(*access)};
  return run_on(io, orchestrator::Kubernetes::sweep(client, which));
}

bool means_kubernetes(const Options& options) {
  if (options.kind || options.image.empty() || !options.host.empty() || !options.context.empty()) return false;
  const bool wants_an_engine = !options.network.empty() || !options.constraints.empty() || !options.target.empty() ||
                               options.push || options.inject != Inject::automatic;
  if (wants_an_engine) return false;
  if (!kubernetes::is_configured(access_request(options))) return false;
  const auto endpoint = engine_endpoint();
  std::error_code unknown;
  return endpoint && endpoint->kind == docker::Endpoint::Kind::unix_socket &&
         !std::filesystem::exists(endpoint->path, unknown);
}

Result<std::string> KubernetesCluster::name_space(const Options& options) {
  return kubernetes::find_access(access_request(options)).map([](const kubernetes::Access& access) {
    return access.name_space;
  });
}

/// The first question of all. Later ones are asked again by whoever asks them.
asio::awaitable<Result<kubernetes::ServerVersion>> KubernetesCluster::ask_for_version() {
  Result<kubernetes::ServerVersion> version = co_await client_.version();
  for (int asked = 1; asked < most_questions && !version && version.error().kind == ErrorKind::retryable; ++asked) {
    asio::steady_timer timer{io_, between_questions};
    const auto [code] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (code) co_return fail(ErrorKind::cancelled, "cancelled");
    version = co_await client_.version();
  }
  co_return version;
}

asio::awaitable<Result<void>> KubernetesCluster::look() {
  Result<kubernetes::ServerVersion> version = co_await ask_for_version();
  if (!version) co_return tl::unexpected<Error>{version.error()};
  server_ = *version;
  if (!server_.is_at_least(oldest_minor)) {
    co_return fail(ErrorKind::misconfigured,
                   "the cluster at " + client_.access().server + " is Kubernetes " + server_.text + "; 1.20 is needed");
  }
  Result<void> allowed = co_await check_rights();
  if (!allowed) co_return allowed;
  // What cannot be removed now is no reason not to run.
  Result<std::size_t> swept = co_await orchestrator::Kubernetes::sweep(client_, orchestrator::Sweep::dead);
  swept_ = swept.value_or(0);
  co_return Result<void>{};
}

/// All rules in one answer. What none of them grants is asked for by itself: a cluster may decide by other means than
/// rules. A server that does not say what one may do lets the run find out.
asio::awaitable<Result<void>> KubernetesCluster::check_rights() {
  const std::vector<kubernetes::Right> needed = kubernetes::needed_rights(server_);
  Result<std::vector<kubernetes::Rule>> rules = co_await client_.rules();
  if (!rules && rules.error().kind == ErrorKind::cancelled) co_return tl::unexpected<Error>{rules.error()};
  const std::vector<kubernetes::Right> doubted =
      kubernetes::missing_rights(rules ? *rules : std::vector<kubernetes::Rule>{}, needed);
  std::string missing;
  for (const kubernetes::Right& right : doubted) {
    kubernetes::Right asked = right;
    Result<bool> may = co_await client_.may(std::move(asked));
    if (!may && may.error().kind == ErrorKind::cancelled) co_return tl::unexpected<Error>{may.error()};
    if (!may) co_return Result<void>{};
    if (*may) continue;
    missing += (missing.empty() ? "" : ", ") + kubernetes::words_of(right);
  }
  if (missing.empty()) co_return Result<void>{};
  const kubernetes::Access& access = client_.access();
  co_return fail(ErrorKind::misconfigured, (access.user.empty() ? "the user" : "'" + access.user + "'") + " may not " +
                                               missing + " in the namespace " + access.name_space +
                                               " (nmzswarm kubernetes role prints what is needed)");
}

Result<docker::Image> KubernetesCluster::image_at_engine() const {
  Result<docker::Endpoint> endpoint = engine_endpoint();
  if (!endpoint) return tl::unexpected<Error>{endpoint.error()};
  labels_from_ = endpoint->text();
  docker::Engine engine{io_.get_executor(), std::move(*endpoint)};
  return run_on(io_, find_image(engine, options_.image));
}

Result<std::string> KubernetesCluster::label(const std::string& name) const {
  const Result<docker::Image> image = image_at_engine();
  if (image) return label_of(*image, options_.image, name);
  if (image.error().kind == ErrorKind::cancelled) return tl::unexpected<Error>{image.error()};
  const std::string instead = instead_of_label(name);
  return fail(ErrorKind::misconfigured, "a Kubernetes cluster does not tell the label " + name + " of the image '" +
                                            options_.image + "', and a Docker Engine cannot be asked: " +
                                            image.error().message + (instead.empty() ? "" : "; give " + instead));
}

std::string KubernetesCluster::image_id() const {
  return options_.image.find('@') == std::string::npos ? options_.image + " " + identity_.run : options_.image;
}

std::string KubernetesCluster::where() const {
  const kubernetes::Access& access = client_.access();
  const std::string context = access.context.empty() ? "the cluster of this pod" : "context '" + access.context + "'";
  return context + ", namespace " + access.name_space;
}

std::string KubernetesCluster::repository() const { return without_tag(options_.image); }

Result<std::unique_ptr<orchestrator::Orchestrator>> KubernetesCluster::workers(const WorkersRequest& request) {
  orchestrator::KubernetesOptions options;
  options.agent = request.agent;
  options.server = server_;
  options.image = options_.image;
  options.name = options_.name;
  options.identity = identity_;
  options.tree = request.tree;
  options.replicas = request.count;
  options.nano_cpus = options_.nano_cpus;
  options.memory = options_.memory;
  options.secrets = options_.secrets;
  options.queue = options_.queue;
  if (Result<void> good = apply_pod_options(options_, options); !good) return tl::unexpected<Error>{good.error()};
  options.notice = request.notice;
  options.reached = request.reached;
  return std::make_unique<orchestrator::Kubernetes>(io_.get_executor(), client_, std::move(options));
}

}  // namespace nmz::cluster
