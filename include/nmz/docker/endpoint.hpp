// Which Docker Engine a command means, found as the docker command finds it.
//
// In this order: --host, DOCKER_HOST, --context, DOCKER_CONTEXT, `currentContext` of config.json, the default socket.
// (Docker CLI documentation, "docker context" and "Use TLS"; the context store is
// DIR/contexts/meta/SHA256(NAME)/meta.json with the keys beside it in DIR/contexts/tls/SHA256(NAME)/docker/.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::docker {

/// How the Engine is reached.
struct Endpoint {
  enum class Kind : std::uint8_t { unix_socket, tcp, tls, ssh };
  Endpoint() = default;

  Kind kind = Kind::unix_socket;
  std::string path;          ///< unix_socket: the socket's path
  std::string host;          ///< tcp, tls: name or address
  std::uint16_t port = 0;    ///< tcp, tls
  bool verify = true;        ///< tls: the server's certificate and name are checked
  std::filesystem::path ca;  ///< tls: PEM files; empty = the system's authorities, no client certificate
  std::filesystem::path certificate;
  std::filesystem::path key;
  /// ssh: the command whose stdin and stdout are one connection: ssh OPTION... -- [USER@]HOST docker system dial-stdio
  std::vector<std::string> dial;

  /// For messages: "unix:///var/run/docker.sock", "tcp://host:2376", "ssh://user@host". Never a secret.
  [[nodiscard]] std::string text() const;
};

struct EndpointRequest {
  EndpointRequest() = default;
  std::string host;     ///< --host; empty = not given
  std::string context;  ///< --context; empty = not given
  /// A variable of the environment: DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH,
  /// DOCKER_TLS, HOME.
  std::function<std::optional<std::string>(const std::string& name)> variable;
};

/// Errors (misconfigured) name what is wrong and where it was said.
[[nodiscard]] Result<Endpoint> find_endpoint(const EndpointRequest& request);

/// The directory of config.json: DOCKER_CONFIG, or HOME/.docker.
[[nodiscard]] std::filesystem::path config_directory(const EndpointRequest& request);

}  // namespace nmz::docker
