#include "swarm_service.hpp"

#include "nmz/orchestrator/agent_archive.hpp"

#include "relay_container.hpp"

namespace nmz::orchestrator {
namespace {

constexpr std::chrono::milliseconds restart_delay{200};
/// Where an image's user may not write /nmz.
constexpr const char* tree_place_for_anyone = "/tmp/nmz-tree";
constexpr std::uint32_t executable = 0755;

docker::FileReference agent_file(const SwarmOptions& options, const std::string& config) {
  docker::FileReference agent;
  agent.id = config;
  agent.name = name_of(options, "agent");
  agent.target = agent_place;
  agent.mode = executable;
  return agent;
}

docker::FileReference token_file(const SwarmOptions& options, const std::string& secret) {
  docker::FileReference token;
  token.id = secret;
  token.name = name_of(options, "token");
  token.target = ".nmz-token";  // no secret of the user's can have this name
  return token;
}

}  // namespace

docker::ServiceSpec service_spec(const SwarmOptions& options, const ServiceParts& parts) {
  docker::ServiceSpec spec;
  spec.name = name_of(options, "");
  spec.labels = labels_of(options);
  spec.container_labels = labels_of(options);
  spec.image = options.image;
  spec.command = {agent_place};
  spec.arguments = {"--connect"};
  if (options.tree) {
    for (const char* place : {tree_place, tree_place_for_anyone}) {
      spec.arguments.emplace_back("--tree");
      spec.arguments.emplace_back(place);
    }
  }
  spec.env = {"NMZ_RELAY=" + parts.relay, "NMZ_NODE={{.Node.Hostname}}"};
  if (!parts.config.empty()) spec.configs = {agent_file(options, parts.config)};
  spec.secrets = options.secrets;
  spec.secrets.push_back(token_file(options, parts.secret));
  spec.mounts = options.mounts;
  if (!options.network.empty()) spec.networks = {options.network};
  spec.constraints = options.constraints;
  spec.nano_cpus = options.nano_cpus;
  spec.memory = options.memory;
  spec.replicas = parts.replicas;
  spec.restart = docker::ServiceSpec::Restart::on_failure;
  spec.restart_delay = restart_delay;
  return spec;
}

}  // namespace nmz::orchestrator
