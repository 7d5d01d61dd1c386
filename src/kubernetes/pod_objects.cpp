#include "pod_objects.hpp"

#include <string>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "merge.hpp"
#include "objects.hpp"

namespace nmz::kubernetes {
namespace json = boost::json;
namespace {

/// Between TERM and KILL. An agent ends its test at once.
constexpr int grace_seconds = 5;
constexpr int mode_of_programs = 0555;  // for a user who is not root as well

json::object resources_of(const JobSpec& spec) {
  json::object amounts;
  constexpr std::int64_t nano_of_milli = 1'000'000;
  if (spec.nano_cpus > 0) amounts["cpu"] = fmt::format("{}m", (spec.nano_cpus + nano_of_milli - 1) / nano_of_milli);
  if (spec.memory > 0) amounts["memory"] = std::to_string(spec.memory);
  if (amounts.empty()) return {};
  return {{"requests", amounts}, {"limits", amounts}};
}

json::object mount(const std::string& name, const std::string& place, bool read_only) {
  json::object result{{"name", name}, {"mountPath", place}};
  if (read_only) result["readOnly"] = true;
  return result;
}

std::string mount_name(std::size_t number) { return fmt::format("mount-{}", number); }

json::array mounts_of(const JobSpec& spec) {
  json::array mounts{mount("scratch", spec.scratch, false), mount("programs", spec.programs, true)};
  for (const std::string& secret : spec.secrets) {
    mounts.push_back(mount("secret-" + secret, "/run/secrets/" + secret, true));
  }
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    mounts.push_back(mount(mount_name(i), spec.mounts[i].target, spec.mounts[i].read_only));
  }
  return mounts;
}

json::object container_of(const JobSpec& spec) {
  json::array command;
  for (const std::string& word : spec.command) command.emplace_back(word);
  json::object container{{"name", container_name},        {"image", spec.image}, {"stdin", true},
                         {"command", std::move(command)}, {"stdinOnce", true},   {"volumeMounts", mounts_of(spec)}};
  if (!spec.node_variable.empty()) {
    container["env"] = json::array{
        json::object{{"name", spec.node_variable},
                     {"valueFrom", json::object{{"fieldRef", json::object{{"fieldPath", "spec.nodeName"}}}}}}};
  }
  if (json::object resources = resources_of(spec); !resources.empty()) container["resources"] = std::move(resources);
  return container;
}

/// Where the agent is: of a ConfigMap, of an image, or where an init container copies it to.
json::object programs_volume(const JobSpec& spec) {
  json::object volume{{"name", "programs"}};
  switch (spec.arrival) {
    case Arrival::config_map:
      volume["configMap"] = json::object{{"name", spec.config_map}, {"defaultMode", mode_of_programs}};
      break;
    case Arrival::image_volume:
      volume["image"] = json::object{{"reference", spec.agent_image}};
      break;
    case Arrival::init_container:
      volume["emptyDir"] = json::object{};
      break;
  }
  return volume;
}

json::object volume_of(const std::string& name, const Mount& wanted) {
  json::object volume{{"name", name}};
  switch (wanted.kind) {
    case Mount::Kind::node:
      volume["hostPath"] = json::object{{"path", wanted.source}};
      break;
    case Mount::Kind::claim:
      volume["persistentVolumeClaim"] = json::object{{"claimName", wanted.source}};
      break;
    case Mount::Kind::empty:
      volume["emptyDir"] = json::object{};
      break;
    case Mount::Kind::memory:
      json::object memory{{"medium", "Memory"}};
      if (wanted.size > 0) memory["sizeLimit"] = std::to_string(wanted.size);
      volume["emptyDir"] = std::move(memory);
      break;
  }
  return volume;
}

json::array volumes_of(const JobSpec& spec) {
  json::array volumes{json::object{{"name", "scratch"}, {"emptyDir", json::object{}}}, programs_volume(spec)};
  for (const std::string& secret : spec.secrets) {
    volumes.push_back(json::object{{"name", "secret-" + secret}, {"secret", json::object{{"secretName", secret}}}});
  }
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) volumes.push_back(volume_of(mount_name(i), spec.mounts[i]));
  return volumes;
}

json::array tolerations_of(const JobSpec& spec) {
  json::array all;
  for (const Toleration& wanted : spec.tolerations) {
    json::object one{{"key", wanted.key}, {"operator", wanted.any_value ? "Exists" : "Equal"}};
    if (!wanted.any_value) one["value"] = wanted.value;
    if (!wanted.effect.empty()) one["effect"] = wanted.effect;
    all.push_back(std::move(one));
  }
  return all;
}

/// Who may run it, and where.
void add_choices(const JobSpec& spec, json::object& pod) {
  if (!spec.node_selector.empty()) pod["nodeSelector"] = to_json(spec.node_selector);
  if (!spec.tolerations.empty()) pod["tolerations"] = tolerations_of(spec);
  if (!spec.priority_class.empty()) pod["priorityClassName"] = spec.priority_class;
  if (!spec.service_account.empty()) pod["serviceAccountName"] = spec.service_account;
  json::array pull_secrets;
  for (const std::string& name : spec.pull_secrets) pull_secrets.push_back(json::object{{"name", name}});
  if (!pull_secrets.empty()) pod["imagePullSecrets"] = std::move(pull_secrets);
}

json::object pod_spec_of(const JobSpec& spec) {
  json::object pod{
      {"restartPolicy", "Never"}, {"containers", json::array{container_of(spec)}}, {"volumes", volumes_of(spec)}};
  if (spec.arrival == Arrival::init_container) {
    const std::string program = spec.command.empty() ? "" : spec.command.front();
    const json::array command{"/nmzagent", "--copy-to", json::string{program}};
    pod["initContainers"] =
        json::array{json::object{{"name", "nmzagent"},
                                 {"image", spec.agent_image},
                                 {"command", command},
                                 {"volumeMounts", json::array{mount("programs", spec.programs, false)}}}};
  }
  add_choices(spec, pod);
  return pod;
}

/// What would stand between the agent and its stream.
void clear_the_way(json::object& pod) {
  for (Json& container : pod["spec"].get_object()["containers"].get_array()) {
    if (text_at(container, {"name"}) != container_name) continue;
    container.get_object().erase("args");
    container.get_object().erase("tty");
  }
}

}  // namespace

Json pod_template_of(const JobSpec& spec) {
  const json::object defaults{{"automountServiceAccountToken", false},
                              {"enableServiceLinks", false},
                              {"terminationGracePeriodSeconds", grace_seconds}};
  Json pod = json::object{{"spec", defaults}};
  if (const auto users = parse_json(spec.pod_template); users && users->is_object()) {
    pod = merged(std::move(pod), *users);
  }
  const Json ours =
      json::object{{"metadata", json::object{{"labels", to_json(spec.labels)}}}, {"spec", pod_spec_of(spec)}};
  pod = merged(std::move(pod), ours);
  clear_the_way(pod.get_object());
  return pod;
}

}  // namespace nmz::kubernetes
