// What the Engine takes and tells, as far as we use it (Docker Engine API v1.41).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nmz::docker {

using Labels = std::map<std::string, std::string>;

struct Info {
  enum class Swarm : std::uint8_t { inactive, pending, active, error, locked };
  Info() = default;
  std::string id;
  std::string name;  ///< the node's host name
  std::string server_version;
  std::string architecture;  ///< as uname says it: x86_64
  std::string os_type;       ///< linux, windows
  std::uint32_t cpus = 0;
  std::uint64_t memory = 0;  ///< bytes
  std::string system_time;   ///< the Engine's clock, RFC 3339
  Swarm swarm = Swarm::inactive;
  bool manager = false;      ///< ControlAvailable
  std::string node_id;       ///< of the Swarm, empty when inactive
  std::string node_address;  ///< where the other nodes reach this one
  std::uint32_t nodes = 0;   ///< known to a manager
};

struct Image {
  Image() = default;
  std::string id;  ///< sha256:...
  std::vector<std::string> tags;
  std::vector<std::string> digests;  ///< NAME@sha256:...
  std::string architecture;
  std::string os;
  Labels labels;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::string working_dir;
  std::string user;
};

/// As in --mount of docker run.
struct Mount {
  Mount() = default;
  std::string type = "volume";  ///< bind, volume, tmpfs
  std::string source;
  std::string target;
  bool read_only = false;
  std::string propagation;     ///< bind: rprivate, rslave, ...; empty = the Engine's default
  bool non_recursive = false;  ///< bind
  bool no_copy = false;        ///< volume: it is not filled from the image
  std::string driver;          ///< volume; empty = local
  Labels driver_options;       ///< volume
  Labels volume_labels;
  std::int64_t size = 0;   ///< tmpfs: bytes; 0 = no limit
  std::uint32_t mode = 0;  ///< tmpfs; 0 = the Engine's default
};

struct ContainerSpec {
  ContainerSpec() = default;
  std::string name;   ///< empty: the Engine chooses
  std::string image;  ///< name, digest or id
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> env;  ///< NAME=value, added to the image's
  Labels labels;
  std::string working_dir;  ///< empty: the image's
  std::string user;         ///< empty: the image's
  std::string network;      ///< HostConfig.NetworkMode; empty: the Engine's default
  std::vector<Mount> mounts;
  std::int64_t nano_cpus = 0;  ///< limit in 1e-9 CPUs; 0 = none
  std::int64_t memory = 0;     ///< limit in bytes; 0 = none
  std::vector<std::string> cap_add;
  bool auto_remove = false;
  bool init = false;
};

struct Container {
  Container() = default;
  std::string id;
  std::string name;   ///< without the leading '/'
  std::string state;  ///< created, running, paused, restarting, removing, exited, dead
  Labels labels;
  std::int64_t created = 0;  ///< seconds since the epoch, on the Engine's clock
  int exit_code = 0;         ///< inspect only
  bool oom_killed = false;   ///< inspect only
  std::string error;         ///< inspect only
  std::string address;       ///< inspect only: on the first network that has one
};

/// A config or secret of the Swarm as a file in the containers of a service.
struct FileReference {
  FileReference() = default;
  std::string id;
  std::string name;
  std::string target;  ///< path in the container
  std::uint32_t mode = 0444;
};

struct ServiceSpec {
  enum class Restart : std::uint8_t { none, on_failure, any };
  ServiceSpec() = default;
  std::string name;
  Labels labels;
  std::string image;
  std::vector<std::string> command;    ///< ContainerSpec.Command: replaces the image's entrypoint
  std::vector<std::string> arguments;  ///< ContainerSpec.Args
  std::vector<std::string> env;        ///< may hold templates: {{.Task.Slot}}, {{.Node.Hostname}}
  Labels container_labels;
  std::string working_dir;
  std::string user;
  std::vector<Mount> mounts;
  std::vector<FileReference> configs;
  std::vector<FileReference> secrets;
  std::vector<std::string> networks;     ///< names or ids; empty: each node's default bridge
  std::vector<std::string> constraints;  ///< "node.role==worker"
  std::int64_t nano_cpus = 0;            ///< limit and reservation are the same for us; 0 = none
  std::int64_t memory = 0;
  bool init = false;
  std::uint64_t replicas = 1;
  Restart restart = Restart::on_failure;
  std::chrono::milliseconds restart_delay{1000};
  std::chrono::milliseconds stop_grace{2000};
};

struct Service {
  Service() = default;
  std::string id;
  std::string name;
  std::uint64_t version = 0;  ///< for update
  Labels labels;
  std::string created;  ///< RFC 3339
};

struct Task {
  Task() = default;
  std::string id;
  std::string service;
  std::string node;
  std::uint64_t slot = 0;
  std::string state;          ///< new, pending, assigned, preparing, starting, running, complete, failed, rejected, ...
  std::string desired_state;  ///< running, shutdown, ...
  std::string message;
  std::string error;      ///< why it failed or was rejected; empty when it did not
  std::string container;  ///< its id, once there is one
  int exit_code = 0;
};

struct Node {
  Node() = default;
  std::string id;
  std::string hostname;
  std::string address;
  std::string state;         ///< ready, down, disconnected, unknown
  std::string availability;  ///< active, pause, drain
  std::string architecture;
  std::string os;
  bool manager = false;
  std::int64_t nano_cpus = 0;
  std::int64_t memory = 0;
};

/// A config or a secret: what we need to know of both.
struct Resource {
  Resource() = default;
  std::string id;
  std::string name;
  Labels labels;
  std::string created;  ///< RFC 3339
};

}  // namespace nmz::docker
