// What a command line says about containers: which image, where, and what they are given. The same options for every
// program.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/funker_place.hpp"

namespace nmz::cluster {

enum class Kind : std::uint8_t { local, docker, swarm, kubernetes, funker };

/// How the agent gets into a container. archive: uploaded into it; config: a config of the Swarm, mounted; image: an
/// image derived from the user's.
enum class Inject : std::uint8_t { automatic, archive, config, image };

struct Options {
  Options() = default;
  std::optional<Kind> kind;  ///< nothing = by what there is
  std::string image;         ///< empty = no containers
  std::string name;          ///< what the names of all that is made start with
  std::string target;        ///< the derived image's name
  bool push = false;         ///< push it
  Inject inject = Inject::automatic;
  std::string host;                                  ///< of the Docker Engine; empty = as the docker command finds it
  std::string context;                               ///< of docker, or of the kubeconfig
  std::string name_space;                            ///< of Kubernetes; empty = the context's
  std::string queue;                                 ///< of Kueue
  std::vector<orchestrator::FunkerPlace> endpoints;  ///< of funker; an option of nmzswarm's alone
  std::string network;                               ///< of the containers; empty = the Engine's default
  std::int64_t nano_cpus = 0;                        ///< of a container; 0 = no limit
  std::int64_t memory = 0;                           ///< bytes; 0 = no limit
  std::vector<std::string> constraints;
  std::vector<docker::Mount> mounts;
  std::vector<std::string> secrets;  ///< names of the Swarm's, or of the namespace's
  // Of Kubernetes:
  std::string pod_template;  ///< a file
  std::string agent_image;
  std::vector<std::string> node_selector;  ///< KEY=VALUE
  std::vector<std::string> tolerations;    ///< KEY[=VALUE][:EFFECT]
  std::string priority_class;
  std::string service_account;
  std::vector<std::string> pull_secrets;
  std::chrono::milliseconds pod_timeout{0};  ///< 0 = as long as is usual
};

/// Nobody has said which kind of containers it is to be, no Docker Engine is here, and a Kubernetes cluster is
/// configured: then that is meant. An Engine is here where anything names one (--host, DOCKER_HOST, a context), or its
/// socket is there. Nobody is asked.
[[nodiscard]] bool means_kubernetes(const Options& options);

/// The rows of the table. `image_names`: how the option is called that names the image. `options` outlives the parser.
[[nodiscard]] std::vector<command_line::Option> option_table(Options& options, const std::string& image_names,
                                                             const std::string& image_help);

/// What the options say about each other. Errors (misconfigured): one line.
[[nodiscard]] Result<void> check(const Options& options, const std::string& image_names, command_line::Parser& parser);

}  // namespace nmz::cluster
