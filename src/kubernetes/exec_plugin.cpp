#include "exec_plugin.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"
#include "nmz/http/base64.hpp"
#include "nmz/process/spawn.hpp"

#include "json.hpp"

namespace nmz::kubernetes {
namespace json = boost::json;
namespace {

constexpr const char* group = "client.authentication.k8s.io/";

tl::unexpected<Error> wrong(const ExecPlugin& plugin, const std::string& what) {
  return fail(ErrorKind::misconfigured, "the credential plugin '" + plugin.command + "' " + what);
}

std::vector<std::string> environment_for(const Access& access) {
  std::vector<std::string> environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  const auto set = [&environment](const std::string& name, const std::string& value) {
    std::erase_if(environment, [&name](const std::string& one) { return one.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
  };
  for (const auto& [name, value] : access.exec->environment) set(name, value);
  set("KUBERNETES_EXEC_INFO", exec_info(access));
  return environment;
}

/// All that is written until everybody who could has closed the pipe; nothing: that took too long.
std::optional<std::string> read_all(int fd, std::chrono::steady_clock::time_point until) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (rest.count() <= 0) return std::nullopt;
    pollfd event{fd, POLLIN, 0};
    if (::poll(&event, 1, static_cast<int>(rest.count())) <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string exec_info(const Access& access) {
  json::object spec{{"interactive", false}};
  if (access.exec->provide_cluster_info) {
    json::object cluster{{"server", access.server}};
    if (!access.peer.ca.text.empty()) cluster["certificate-authority-data"] = http::to_base64(access.peer.ca.text);
    if (!access.peer.name.empty()) cluster["tls-server-name"] = access.peer.name;
    if (!access.peer.verify) cluster["insecure-skip-tls-verify"] = true;
    spec["cluster"] = std::move(cluster);
  }
  const json::object info{
      {"apiVersion", access.exec->api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return json::serialize(info);
}

std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    do ++rest;
    while (*rest >= '0' && *rest <= '9');
  }
  std::chrono::minutes offset{0};
  if (*rest == '+' || *rest == '-') {
    int hours = 0;
    int minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return std::nullopt;  // NOLINT(cert-err34-c)
    offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    if (*rest == '-') offset = -offset;
  } else if (*rest != 'Z') {
    return std::nullopt;
  }
  // The clock counts nanoseconds, to the year 2262; for ever is often written as 9999.
  using Clock = std::chrono::system_clock;
  constexpr std::chrono::seconds latest = std::chrono::floor<std::chrono::seconds>(Clock::duration::max());
  const std::chrono::seconds at = std::chrono::seconds{::timegm(&parts)} - offset;
  return Clock::time_point{std::clamp(at, std::chrono::seconds{0}, latest)};
}

Result<Issued> parse_exec_credential(const std::string& answer, const ExecPlugin& plugin) {
  const auto told = parse_json(answer);
  if (!told || text_at(*told, {"kind"}) != "ExecCredential") return wrong(plugin, "printed no ExecCredential");
  const std::string version = text_at(*told, {"apiVersion"});
  if (version != plugin.api_version) {
    return wrong(plugin, "answers in " + version + ", and the kubeconfig asks it for " + plugin.api_version);
  }
  Issued issued;
  issued.token = text_at(*told, {"status", "token"});
  issued.certificate = text_at(*told, {"status", "clientCertificateData"});
  issued.key = text_at(*told, {"status", "clientKeyData"});
  if (issued.certificate.empty() != issued.key.empty())
    return wrong(plugin, "gave a certificate without its key, or the reverse");
  if (issued.token.empty() && issued.certificate.empty())
    return wrong(plugin, "gave neither a token nor a certificate");
  if (const std::string when = text_at(*told, {"status", "expirationTimestamp"}); !when.empty()) {
    issued.expires = parse_time(when);
    if (!issued.expires) return wrong(plugin, "gave an expirationTimestamp that is no time");
  }
  return issued;
}

Result<Issued> run_plugin(const Access& access, std::chrono::milliseconds limit) {
  const ExecPlugin& plugin = *access.exec;
  const std::string known = std::string{group} + "v1";
  if (plugin.api_version != known && plugin.api_version != known + "beta1") {
    return wrong(plugin, "has the apiVersion '" + plugin.api_version + "'; v1 and v1beta1 of " + group + " are known");
  }
  if (plugin.always_interactive)
    return wrong(plugin, "wants to ask questions (interactiveMode: Always), and cannot here");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return wrong(plugin, "cannot be started: there is no pipe for it");
  const files::UniqueFd ours{ends[0]};
  files::UniqueFd theirs{ends[1]};
  process::SpawnRequest request;
  request.command = plugin.arguments;
  request.command.insert(request.command.begin(), plugin.command);
  request.environment = environment_for(access);
  request.descriptors = {{theirs.get(), STDOUT_FILENO}};
  const auto pid = process::spawn(std::move(request));
  if (!pid) {
    return wrong(plugin, "cannot be started: " + pid.error().message() +
                             (plugin.install_hint.empty() ? "" : " (" + plugin.install_hint + ")"));
  }
  theirs = files::UniqueFd{};
  const auto answer = read_all(ours.get(), std::chrono::steady_clock::now() + limit);
  if (!answer) ::kill(-*pid, SIGKILL);
  const int status = wait_for(*pid);
  if (!answer) return wrong(plugin, "gave no answer in time");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return wrong(plugin, "failed");
  return parse_exec_credential(*answer, plugin);
}

}  // namespace nmz::kubernetes
