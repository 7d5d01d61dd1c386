#include "nmz/kubernetes/access.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "kubeconfig.hpp"
#include "proxy.hpp"
#include "server_address.hpp"

namespace nmz::kubernetes {
namespace fs = std::filesystem;
namespace {

constexpr const char* default_name_space = "default";

std::string variable_of(const AccessRequest& request, const std::string& name) {
  return request.variable ? request.variable(name).value_or("") : std::string{};
}

std::vector<fs::path> configuration_files(const AccessRequest& request) {
  const std::string list = variable_of(request, "KUBECONFIG");
  std::vector<fs::path> files;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) files.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::string home = variable_of(request, "HOME");
  if (list.empty() && !home.empty()) files.push_back(fs::path{home} / ".kube" / "config");
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

Result<void> settle(Access& access, const AccessRequest& request) {
  auto address = parse_server(access.server);
  if (!address) return tl::unexpected<Error>{address.error()};
  access.tls = address->tls;
  access.host = address->host;
  access.port = address->port;
  access.prefix = address->prefix;
  auto proxy = choose_proxy(*address, access.proxy_url, request.variable);
  if (!proxy) return tl::unexpected<Error>{proxy.error()};
  access.proxy = std::move(*proxy);
  return {};
}

bool is_in_pod(const AccessRequest& request) {
  std::error_code ignored;
  return !variable_of(request, "KUBERNETES_SERVICE_HOST").empty() &&
         fs::exists(request.service_account / "token", ignored);
}

Result<Access> access_in_pod(const AccessRequest& request) {
  Access access;
  std::string host = variable_of(request, "KUBERNETES_SERVICE_HOST");
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const std::string port = variable_of(request, "KUBERNETES_SERVICE_PORT");
  access.server = "https://" + host + (port.empty() ? "" : ":" + port);
  access.peer.ca.file = request.service_account / "ca.crt";
  access.token_file = request.service_account / "token";
  access.user = "the pod's service account";
  access.name_space = request.name_space;
  if (access.name_space.empty()) access.name_space = read_file(request.service_account / "namespace");
  while (access.name_space.ends_with('\n')) access.name_space.pop_back();
  if (access.name_space.empty()) access.name_space = default_name_space;
  if (Result<void> settled = settle(access, request); !settled) return tl::unexpected<Error>{settled.error()};
  return access;
}

}  // namespace

Result<Access> find_access(const AccessRequest& request) {
  const std::vector<fs::path> files = configuration_files(request);
  Kubeconfig merged;
  for (const fs::path& file : files) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;  // as kubectl does
    Result<Kubeconfig> one = read_kubeconfig(read_file(file), file);
    if (!one) return tl::unexpected<Error>{one.error()};
    merged.merge(std::move(*one));
  }
  if (merged.contexts.empty() && request.context.empty() && is_in_pod(request)) return access_in_pod(request);
  const std::string name = request.context.empty() ? merged.current_context : request.context;
  if (name.empty()) {
    return fail(ErrorKind::misconfigured,
                "no Kubernetes cluster is configured: " +
                    std::string{merged.contexts.empty() ? "KUBECONFIG or ~/.kube/config says where it is"
                                                        : "there is no current context (--context chooses one)"});
  }
  Result<Access> access = merged.access(name);
  if (!access) return access;
  if (!request.name_space.empty()) access->name_space = request.name_space;
  if (access->name_space.empty()) access->name_space = default_name_space;
  if (Result<void> settled = settle(*access, request); !settled) return tl::unexpected<Error>{settled.error()};
  return access;
}

bool is_configured(const AccessRequest& request) {
  for (const fs::path& file : configuration_files(request)) {
    std::error_code ignored;
    if (fs::exists(file, ignored)) return true;
  }
  return is_in_pod(request);
}

}  // namespace nmz::kubernetes
