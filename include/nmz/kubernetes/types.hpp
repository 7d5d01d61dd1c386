// What the calls of client.hpp are given and give: of Kubernetes' objects the fields that are used here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nmz::kubernetes {

using Labels = std::map<std::string, std::string>;

/// GET /version.
struct ServerVersion {
  ServerVersion() = default;
  unsigned major = 0;
  unsigned minor = 0;
  std::string text;  ///< "v1.34.1"

  [[nodiscard]] bool is_at_least(unsigned wanted_minor) const { return major > 1 || minor >= wanted_minor; }
};

/// What may be done with what, as a Role says it.
struct Right {
  Right() = default;
  Right(std::string group_in, std::string resource_in, std::string verb_in)
      : group{std::move(group_in)}, resource{std::move(resource_in)}, verb{std::move(verb_in)} {}
  std::string group;     ///< "" or "batch"
  std::string resource;  ///< "jobs", "pods/attach"
  std::string verb;
};

/// From which on a Job's pods have indices: beta since 1.22, where it can be switched off.
inline constexpr unsigned minor_of_indexed_jobs = 24;

/// What every object has.
struct Object {
  Object() = default;
  std::string name;
  std::string uid;
  Labels labels;
  Labels annotations;
  bool deleting = false;  ///< somebody has asked for its end
};

struct ConfigMapSpec {
  ConfigMapSpec() = default;
  std::string name;
  Labels labels;
  std::string key;      ///< the file's name
  std::string content;  ///< any bytes, less than 1 MiB
  Object job;           ///< it goes when this Job goes
};

/// Of a rule in a Role, as a SelfSubjectRulesReview tells it; "*" is everything.
struct Rule {
  Rule() = default;
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;
  bool of_names = false;  ///< it holds for some objects alone
};

/// A taint that a pod may be scheduled onto, as kubectl's taint writes it: KEY[=VALUE][:EFFECT].
struct Toleration {
  Toleration() = default;
  std::string key;
  std::string value;
  bool any_value = true;  ///< operator Exists
  std::string effect;     ///< empty = each
};

/// A volume of a pod's, and where it is mounted.
struct Mount {
  enum class Kind : std::uint8_t {
    node,    ///< a path of the node's (hostPath)
    claim,   ///< a PersistentVolumeClaim
    empty,   ///< a directory of the pod's own (emptyDir)
    memory,  ///< the same in memory
  };
  Mount() = default;
  Kind kind = Kind::empty;
  std::string source;  ///< the path, the claim's name; else empty
  std::string target;
  bool read_only = false;
  std::int64_t size = 0;  ///< bytes, of one in memory; 0 = no limit of its own
};

/// How the agent gets into a pod.
enum class Arrival : std::uint8_t {
  config_map,
  image_volume,    ///< an image that is mounted (on by default from 1.36 on)
  init_container,  ///< of such an image, whose agent copies itself
};

/// One Job with a container a pod whose stdin is open for one attach. Indexed (completionMode) from 1.24 on.
struct JobSpec {
  JobSpec() = default;
  std::string name;
  Labels labels;
  Labels annotations;
  std::uint32_t pods = 1;
  std::string image;
  std::vector<std::string> command;
  std::string node_variable;  ///< the variable that gets the node's name
  Arrival arrival = Arrival::config_map;
  std::string config_map;   ///< mounted, as programs, at `programs`
  std::string agent_image;  ///< instead of it
  std::string programs;
  std::string scratch;               ///< where an empty directory is mounted
  std::int64_t nano_cpus = 0;        ///< request and limit; 0 = none
  std::int64_t memory = 0;           ///< bytes, likewise
  std::vector<std::string> secrets;  ///< each mounted at /run/secrets/NAME
  std::vector<Mount> mounts;
  std::string queue;  ///< of Kueue; empty = none
  Labels node_selector;
  std::vector<Toleration> tolerations;
  std::string priority_class;
  std::string service_account;
  std::vector<std::string> pull_secrets;
  std::string pod_template;  ///< a PodTemplateSpec as JSON (pod_template.hpp); empty = none
  ServerVersion server;      ///< whose fields may be used
};

struct Job {
  Job() = default;
  Object object;
  bool suspended = false;  ///< a queue (Kueue) holds it back
  bool failed = false;
  std::string why;  ///< it has failed
};

struct Pod {
  Pod() = default;
  Object object;
  std::int64_t index = -1;  ///< in its Job; -1: it does not say
  std::string phase;        ///< Pending, Running, Succeeded, Failed, Unknown
  std::string node;
  bool running = false;         ///< its container does
  std::string waiting;          ///< why the container does not: "ImagePullBackOff"
  std::string waiting_message;  ///< in the node's words
  std::string unscheduled;      ///< why no node has it, in the scheduler's words
  std::string ended;            ///< why it has ended: "Evicted: the node was low on memory", "exit status 3"

  [[nodiscard]] bool is_over() const { return phase == "Succeeded" || phase == "Failed"; }
};

struct PodList {
  PodList() = default;
  std::vector<Pod> pods;
  std::string resource_version;  ///< to watch from
};

struct PodChange {
  enum class Kind : std::uint8_t { added, modified, deleted, bookmark };
  PodChange() = default;
  Kind kind = Kind::bookmark;
  Pod pod;
  std::string resource_version;  ///< to watch from behind it
};

/// How a watch has ended that was no failure.
enum class WatchEnd : std::uint8_t {
  over,     ///< as watches do after some minutes: watch again from the last version
  expired,  ///< that version is gone (410): list again
};

}  // namespace nmz::kubernetes
