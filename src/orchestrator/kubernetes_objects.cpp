#include "kubernetes_objects.hpp"

#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "nmz/orchestrator/agent_archive.hpp"

namespace nmz::orchestrator {
namespace {

constexpr const char* scratch_place =
    "/nmz";  // that tree_place is in: the agent makes the tree, and lays others beside it
constexpr const char* programs_place = "/nmz/bin";
constexpr const char* agent_file = "agent";
constexpr const char* agent_in_image = "nmzagent";
// On by default: before, sources differ, and a server that knows them not drops them without a word.
constexpr unsigned minor_of_image_volumes = 36;
constexpr std::size_t largest_config_map = std::size_t{1} << 20;  // core/v1 MaxSecretSize, which holds for both

kubernetes::Labels labels_of(const KubernetesOptions& options) {
  return {{"app.kubernetes.io/name", "nmzswarm"},
          {"app.kubernetes.io/instance", options.identity.run},
          {"app.kubernetes.io/version", NMZ_VERSION},
          {"app.kubernetes.io/component", "worker"},
          {"app.kubernetes.io/managed-by", "nmzswarm"}};
}

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.substr(0, name.find(char{}));
}

}  // namespace

std::string job_name(const KubernetesOptions& options) {
  std::string name = options.name + "-" + options.identity.run;
  for (char& letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    letter = std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return name;
}

std::string selector_of(const KubernetesOptions& options) {
  return std::string{managed_by} + ",app.kubernetes.io/instance=" + options.identity.run;
}

kubernetes::JobSpec job_spec(const KubernetesOptions& options, std::uint32_t pods) {
  kubernetes::JobSpec spec;
  spec.name = job_name(options);
  spec.labels = labels_of(options);
  spec.annotations = {{owner_label, options.identity.owner}, {"net.osrg.namazu-swarm.host", host_name()}};
  spec.pods = pods;
  spec.image = options.image;
  if (!options.agent_image.empty()) {
    spec.arrival = options.server.is_at_least(minor_of_image_volumes) ? kubernetes::Arrival::image_volume
                                                                      : kubernetes::Arrival::init_container;
    spec.agent_image = options.agent_image;
  }
  const char* const file = options.agent_image.empty() ? agent_file : agent_in_image;
  spec.command = {std::string{programs_place} + "/" + file, "--attached"};
  if (options.tree) {
    spec.command.emplace_back("--tree");
    spec.command.emplace_back(tree_place);
  }
  spec.node_variable = "NMZ_NODE";
  spec.config_map = spec.name;
  spec.programs = programs_place;
  spec.scratch = scratch_place;
  spec.nano_cpus = options.nano_cpus;
  spec.memory = options.memory;
  spec.secrets = options.secrets;
  spec.mounts = options.mounts;
  spec.queue = options.queue;
  spec.node_selector = options.node_selector;
  spec.tolerations = options.tolerations;
  spec.priority_class = options.priority_class;
  spec.service_account = options.service_account;
  spec.pull_secrets = options.pull_secrets;
  spec.pod_template = options.pod_template;
  spec.server = options.server;
  return spec;
}

Result<kubernetes::ConfigMapSpec> config_map_spec(const KubernetesOptions& options, const kubernetes::Object& job) {
  std::ifstream file{options.agent, std::ios::binary};
  kubernetes::ConfigMapSpec spec;
  spec.content = {std::istreambuf_iterator<char>{file}, {}};
  if (!file || spec.content.empty()) return fail(ErrorKind::rejected, "cannot read '" + options.agent.string() + "'");
  if (spec.content.size() > largest_config_map) {
    return fail(ErrorKind::rejected, "the agent '" + options.agent.string() + "' has " +
                                         std::to_string(spec.content.size()) + " bytes, and a ConfigMap takes " +
                                         std::to_string(largest_config_map));
  }
  spec.name = job_name(options);
  spec.labels = labels_of(options);
  spec.key = agent_file;
  spec.job = job;
  return spec;
}

}  // namespace nmz::orchestrator
