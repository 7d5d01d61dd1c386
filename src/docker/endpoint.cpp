#include "nmz/docker/endpoint.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include <openssl/evp.h>

#include "json.hpp"

namespace nmz::docker {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view default_socket = "/var/run/docker.sock";
constexpr std::uint16_t plain_port = 2375;
constexpr std::uint16_t tls_port = 2376;

std::string value_of(const EndpointRequest& request, const std::string& name) {
  return request.variable ? request.variable(name).value_or("") : "";
}

/// Nothing when there is no such file.
Result<std::optional<Json>> read_json(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::optional<Json>{};
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) return fail(ErrorKind::misconfigured, "cannot read '" + path.string() + "'");
  auto json = parse_json(text);
  if (!json) return fail(ErrorKind::misconfigured, "'" + path.string() + "' is no JSON");
  return std::optional<Json>{std::move(*json)};
}

std::string sha256(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += {digits[digest.at(i) >> 4U], digits[digest.at(i) & 15U]};
  return hex;
}

/// HOST[:PORT][/...] of tcp:// and http://; IPv6 addresses are in brackets.
Result<Endpoint> tcp_endpoint(std::string address, const std::string& text, bool tls) {
  address = address.substr(0, address.find('/'));
  Endpoint endpoint;
  endpoint.kind = tls ? Endpoint::Kind::tls : Endpoint::Kind::tcp;
  endpoint.port = tls ? tls_port : plain_port;
  const std::size_t bracket = address.rfind(']');
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const char* const end = address.data() + address.size();
    const auto [stop, error] = std::from_chars(address.data() + colon + 1, end, endpoint.port);
    if (error != std::errc{} || stop != end || endpoint.port == 0) {
      return fail(ErrorKind::misconfigured, "the Docker host '" + text + "' has no valid port");
    }
    address.resize(colon);
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  endpoint.host = address.empty() ? "localhost" : address;
  return endpoint;
}

/// ssh://[USER@]HOST[:PORT]: every part becomes an argument of its own, none is seen by a shell of this machine.
Result<Endpoint> ssh_endpoint(std::string address, const std::string& text) {
  address = address.substr(0, address.find('/'));
  std::vector<std::string> dial{"ssh"};
  const std::size_t at_sign = address.rfind('@');
  if (at_sign != std::string::npos) {
    const std::string user = address.substr(0, at_sign);
    if (user.empty() || user.find(':') != std::string::npos) {
      return fail(ErrorKind::misconfigured,
                  "the Docker host needs the form ssh://[USER@]HOST[:PORT] (a password "
                  "cannot be given there)");
    }
    dial.insert(dial.end(), {"-l", user});
    address.erase(0, at_sign + 1);
  }
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos && address.back() != ']') {
    dial.insert(dial.end(), {"-p", address.substr(colon + 1)});
    address.resize(colon);
  }
  if (address.empty() || address.front() == '-') {
    return fail(ErrorKind::misconfigured, "the Docker host '" + text + "' names no host");
  }
  dial.insert(dial.end(), {"-o", "ConnectTimeout=30", "-T", "--", address, "docker", "system", "dial-stdio"});
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::ssh;
  endpoint.host = address;
  endpoint.dial = std::move(dial);
  return endpoint;
}

Result<Endpoint> parse_host(const std::string& text, bool tls) {
  const std::size_t colon = text.find("://");
  const std::string scheme = colon == std::string::npos ? "tcp" : text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? text : text.substr(colon + 3);
  if (scheme != "unix" && scheme != "ssh" && rest.find('@') != std::string::npos) {
    // The text is not shown: there may be a password in it.
    return fail(ErrorKind::misconfigured, "a Docker host has no user name or password: it is tcp://HOST:PORT");
  }
  if (scheme == "unix") {
    Endpoint endpoint;
    endpoint.path = rest.empty() ? default_socket : rest;
    return endpoint;
  }
  if (scheme == "tcp" || scheme == "http" || scheme == "https")
    return tcp_endpoint(rest, text, tls || scheme == "https");
  if (scheme == "ssh") return ssh_endpoint(rest, text);
  return fail(ErrorKind::misconfigured,
              "the Docker host '" + text + "' has an unknown scheme; unix://, tcp:// and ssh:// are known");
}

void use_certificates(Endpoint& endpoint, const fs::path& directory) {
  const auto existing = [&](const char* name) {
    std::error_code ignored;
    return fs::exists(directory / name, ignored) ? directory / name : fs::path{};
  };
  endpoint.ca = existing("ca.pem");
  endpoint.certificate = existing("cert.pem");
  endpoint.key = existing("key.pem");
}

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// As DOCKER_HOST and --host are understood: TLS is said by variables of their own.
Result<Endpoint> from_host(const EndpointRequest& request, const std::string& given) {
  std::string host = trimmed(given);
  if (host.empty()) host = "unix://" + std::string{default_socket};  // as docker: blanks are a host all the same
  const bool verify = !value_of(request, "DOCKER_TLS_VERIFY").empty();
  const bool tls = verify || !value_of(request, "DOCKER_TLS").empty();
  auto endpoint = parse_host(host, tls);
  if (!endpoint || endpoint->kind != Endpoint::Kind::tls) return endpoint;
  endpoint->verify = verify || !tls;
  const std::string certificates = value_of(request, "DOCKER_CERT_PATH");
  use_certificates(*endpoint, certificates.empty() ? config_directory(request) : fs::path{certificates});
  return endpoint;
}

Result<Endpoint> from_context(const EndpointRequest& request, const std::string& name) {
  const fs::path store = config_directory(request) / "contexts";
  const std::string key = sha256(name);
  auto meta = read_json(store / "meta" / key / "meta.json");
  if (!meta) return tl::unexpected<Error>{meta.error()};
  if (!*meta) {
    return fail(ErrorKind::misconfigured, "there is no Docker context '" + name + "' (see: docker context ls)");
  }
  const std::string host = text_at(**meta, "Endpoints.docker.Host");
  if (host.empty()) return fail(ErrorKind::misconfigured, "the Docker context '" + name + "' names no host");
  const fs::path certificates = store / "tls" / key / "docker";
  std::error_code ignored;
  const bool tls = fs::exists(certificates, ignored);
  auto endpoint = parse_host(host, tls);
  if (!endpoint || endpoint->kind != Endpoint::Kind::tls) return endpoint;
  endpoint->verify = !flag_at(**meta, "Endpoints.docker.SkipTLSVerify");
  use_certificates(*endpoint, certificates);
  return endpoint;
}

}  // namespace

std::string Endpoint::text() const {
  switch (kind) {
    case Kind::unix_socket:
      return "unix://" + path;
    case Kind::ssh:
      return "ssh://" + host;
    default:
      return "tcp://" + host + ":" + std::to_string(port);
  }
}

fs::path config_directory(const EndpointRequest& request) {
  const std::string given = value_of(request, "DOCKER_CONFIG");
  return given.empty() ? fs::path{value_of(request, "HOME")} / ".docker" : fs::path{given};
}

Result<Endpoint> find_endpoint(const EndpointRequest& request) {
  if (!request.host.empty() && !request.context.empty()) {
    return fail(ErrorKind::misconfigured, "give either --host or --context, not both");
  }
  if (!request.host.empty()) return from_host(request, request.host);
  std::string context = request.context;
  if (context.empty()) {
    const std::string host = value_of(request, "DOCKER_HOST");
    if (!host.empty()) return from_host(request, host);
    context = value_of(request, "DOCKER_CONTEXT");
  }
  if (context.empty()) {
    auto config = read_json(config_directory(request) / "config.json");
    if (!config) return tl::unexpected<Error>{config.error()};
    if (*config) context = text_at(**config, "currentContext");
  }
  if (!context.empty() && context != "default") return from_context(request, context);
  return parse_host("unix://" + std::string{default_socket}, false);
}

}  // namespace nmz::docker
