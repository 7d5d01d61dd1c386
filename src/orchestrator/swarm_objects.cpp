#include "swarm_objects.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "relay_container.hpp"
#include "removal.hpp"
#include "swarm_service.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr std::size_t largest_config = 1023999;

Result<std::string> read_agent(const std::filesystem::path& agent) {
  std::ifstream file{agent, std::ios::binary};
  std::string program{std::istreambuf_iterator<char>{file}, {}};
  if (!file || program.empty()) return fail(ErrorKind::rejected, "cannot read '" + agent.string() + "'");
  if (program.size() <= largest_config) return program;
  return fail(ErrorKind::rejected, "'" + agent.string() + "' has " + std::to_string(program.size()) +
                                       " bytes, a config of the Swarm holds " + std::to_string(largest_config) +
                                       ": use --inject image");
}

}  // namespace

asio::awaitable<Result<void>> SwarmObjects::make_config() {
  if (options_.agent_in_image) co_return Result<void>{};
  Result<std::string> program = read_agent(options_.agent);
  if (!program) co_return tl::unexpected<Error>{program.error()};
  Result<std::string> created =
      co_await engine_.create_config(name_of(options_, "agent"), std::move(*program), labels_of(options_));
  if (!created) co_return tl::unexpected<Error>{created.error()};
  config_ = std::move(*created);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> SwarmObjects::make_secret(const WorkerKeys& keys) {
  Result<std::string> text = keys.secret();
  if (!text) co_return tl::unexpected<Error>{text.error()};
  Result<std::string> created =
      co_await engine_.create_templated_secret(name_of(options_, "token"), std::move(*text), labels_of(options_));
  if (!created) co_return tl::unexpected<Error>{created.error()};
  secret_ = std::move(*created);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> SwarmObjects::make_service(std::string relay, std::uint32_t replicas) {
  ServiceParts parts;
  parts.relay = std::move(relay);
  parts.config = config_;
  parts.secret = secret_;
  parts.replicas = replicas;
  docker::ServiceSpec spec = service_spec(options_, parts);
  Result<std::string> created = co_await engine_.create_service(std::move(spec), options_.registry_auth);
  if (!created) co_return tl::unexpected<Error>{created.error()};
  service_ = std::move(*created);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> SwarmObjects::start_over() {
  Result<void> removed = co_await remove_all(executor_, engine_, labels_of(options_));
  if (!removed) co_return removed;
  for (std::string* made : {&secret_, &config_, &service_}) made->clear();
  all_known_ = true;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> SwarmObjects::remove() {
  Result<void> removed;
  if (all_known_) {
    removed = co_await remove_known();
  } else {
    removed = co_await remove_all(executor_, engine_, labels_of(options_));
  }
  co_return removed;
}

asio::awaitable<Result<void>> SwarmObjects::remove_known() {
  Result<void> outcome;
  if (!service_.empty()) outcome = co_await remove_service(executor_, engine_, service_);
  if (met_silence(outcome)) co_return outcome;
  Result<void> removed;
  if (!secret_.empty()) removed = co_await engine_.remove_secret(secret_);
  if (outcome) outcome = removed;
  if (met_silence(outcome)) co_return outcome;
  removed = Result<void>{};
  if (!config_.empty()) removed = co_await engine_.remove_config(config_);
  if (outcome) outcome = removed;
  // Workers of this node that have not ended: the Swarm would take seconds. What has ended it removes with the service,
  // and nobody has to wait for that.
  docker::Labels ours{{run_label, options_.identity.run}};
  std::string tasks = "com.docker.swarm.task.id";
  removed = co_await remove_containers(executor_, engine_, std::move(ours), std::move(tasks));
  co_return outcome ? removed : outcome;
}

}  // namespace nmz::orchestrator
