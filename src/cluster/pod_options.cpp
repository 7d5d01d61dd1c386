#include "pod_options.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "nmz/kubernetes/pod_template.hpp"

namespace nmz::cluster {
namespace {

tl::unexpected<Error> wrong(const std::string& option, const std::string& text, const std::string& why) {
  return fail(ErrorKind::misconfigured, option + " '" + text + "': " + why);
}

/// Of a mount what only an Engine can do; empty = nothing.
std::string only_of_docker(const docker::Mount& mount) {
  if (!mount.propagation.empty()) return "bind-propagation";
  if (mount.non_recursive) return "bind-nonrecursive";
  if (mount.no_copy) return "volume-nocopy";
  if (!mount.driver.empty()) return "volume-driver";
  if (!mount.driver_options.empty()) return "volume-opt";
  if (!mount.volume_labels.empty()) return "volume-label";
  return mount.mode > 0 ? "tmpfs-mode" : "";
}

Result<std::string> template_in(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file.is_open() || file.bad()) {
    return fail(ErrorKind::misconfigured, "--pod-template: cannot read '" + path + "'");
  }
  return kubernetes::read_pod_template(text, path);
}

}  // namespace

Result<kubernetes::Labels> parse_node_selector(const std::vector<std::string>& pairs) {
  kubernetes::Labels selector;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return wrong("--node-selector", pair, "it is KEY=VALUE (for example disktype=ssd)");
    }
    selector[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return selector;
}

Result<kubernetes::Toleration> parse_toleration(const std::string& text) {
  constexpr std::array effects{"NoSchedule", "PreferNoSchedule", "NoExecute"};
  kubernetes::Toleration toleration;
  std::string rest = text;
  if (const std::size_t colon = rest.rfind(':'); colon != std::string::npos) {
    toleration.effect = rest.substr(colon + 1);
    rest.resize(colon);
    if (std::ranges::find(effects, toleration.effect) == effects.end()) {
      return wrong("--toleration", text, "the effect is NoSchedule, PreferNoSchedule or NoExecute");
    }
  }
  const std::size_t equals = rest.find('=');
  toleration.key = rest.substr(0, equals);
  toleration.any_value = equals == std::string::npos;
  if (!toleration.any_value) toleration.value = rest.substr(equals + 1);
  if (toleration.key.empty()) {
    return wrong("--toleration", text, "it is KEY[=VALUE][:EFFECT] (for example dedicated=ci:NoSchedule)");
  }
  return toleration;
}

Result<kubernetes::Mount> pod_mount(const docker::Mount& mount) {
  using Pods = kubernetes::Mount::Kind;
  if (const std::string field = only_of_docker(mount); !field.empty()) {
    return fail(ErrorKind::misconfigured, "--mount: " + field + " has no meaning on Kubernetes");
  }
  kubernetes::Mount result;
  if (mount.type == "bind") {
    result.kind = Pods::node;
  } else if (mount.type == "tmpfs") {
    result.kind = Pods::memory;
  } else {
    result.kind = mount.source.empty() ? Pods::empty : Pods::claim;
  }
  result.source = mount.source;
  result.target = mount.target;
  result.read_only = mount.read_only;
  result.size = mount.size;
  return result;
}

Result<void> apply_pod_options(const Options& options, orchestrator::KubernetesOptions& target) {
  auto selector = parse_node_selector(options.node_selector);
  if (!selector) return tl::unexpected<Error>{selector.error()};
  target.node_selector = std::move(*selector);
  for (const std::string& text : options.tolerations) {
    auto toleration = parse_toleration(text);
    if (!toleration) return tl::unexpected<Error>{toleration.error()};
    target.tolerations.push_back(std::move(*toleration));
  }
  for (const docker::Mount& one : options.mounts) {
    auto mount = pod_mount(one);
    if (!mount) return tl::unexpected<Error>{mount.error()};
    target.mounts.push_back(std::move(*mount));
  }
  if (!options.pod_template.empty()) {
    auto text = template_in(options.pod_template);
    if (!text) return tl::unexpected<Error>{text.error()};
    target.pod_template = std::move(*text);
  }
  target.agent_image = options.agent_image;
  target.priority_class = options.priority_class;
  target.service_account = options.service_account;
  target.pull_secrets = options.pull_secrets;
  if (options.pod_timeout.count() > 0) {
    target.patience.pending = options.pod_timeout;
    target.patience.trouble = std::min(target.patience.trouble, options.pod_timeout);
  }
  return {};
}

}  // namespace nmz::cluster
