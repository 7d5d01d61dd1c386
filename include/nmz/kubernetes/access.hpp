// Which cluster a command means, and as whom, found as kubectl finds it.
//
// The files of KUBECONFIG (a list of paths), else ~/.kube/config, are merged: of an entry (a cluster, a user, a
// context) that several files have, the first file's counts, whole; paths are relative to the file that says them.
// Where none of them says anything this may be a pod: then it is the cluster that the pod is in, as its service
// account. (k8s.io/client-go: tools/clientcmd, rest.InClusterConfig; the file's format is "kubeconfig (v1)".)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/http/transport.hpp"

namespace nmz::kubernetes {

/// A program that hands out credentials (client.authentication.k8s.io/v1 and v1beta1, "client-go credential plugins").
struct ExecPlugin {
  ExecPlugin() = default;
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
  std::string api_version;
  std::string install_hint;
  bool provide_cluster_info = false;
  bool always_interactive = false;  ///< it wants a terminal, which it does not get
};

/// How to reach an API server, and as whom.
struct Access {
  Access() = default;
  std::string context;  ///< its name; empty in a pod
  std::string server;   ///< as it was said: "https://10.0.0.1:6443/prefix"; for messages
  bool tls = true;
  std::string host;
  std::uint16_t port = 0;
  std::string prefix;      ///< of every path; "" or "/k8s/clusters/c-1"
  http::TlsSettings peer;  ///< authorities, client certificate, the name to check
  std::string token;
  std::filesystem::path token_file;  ///< read again and again: tokens are replaced there
  std::string user_name;             ///< basic authentication
  std::string password;
  std::optional<ExecPlugin> exec;
  std::vector<std::pair<std::string, std::string>> impersonation;  ///< headers
  std::string proxy_url;                                           ///< as it was said; empty = none
  http::Proxy proxy;                                               ///< what it comes to
  std::string user;                                                ///< the entry's name, for messages
  std::string name_space;
};

struct AccessRequest {
  AccessRequest() = default;
  std::string context;     ///< --context; empty = the current one
  std::string name_space;  ///< --namespace; empty = the context's, else "default"
  /// A variable of the environment: KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, and those that
  /// name proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in lower case as well).
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::filesystem::path service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// Errors (misconfigured) name what is wrong and where it was said.
[[nodiscard]] Result<Access> find_access(const AccessRequest& request);

/// Whether anything says where a cluster is. Nothing is read.
[[nodiscard]] bool is_configured(const AccessRequest& request);

}  // namespace nmz::kubernetes
