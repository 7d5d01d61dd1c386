#include "nmz/docker/credentials.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "nmz/http/base64.hpp"
#include "nmz/process/piped_process.hpp"

#include "json.hpp"

namespace nmz::docker {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

struct Login {
  Login() = default;
  std::string user;
  std::string password;
  std::string token;
};

/// docker-credential-NAME get: the registry on stdin, a login as JSON on stdout. Nothing when it knows none.
Result<std::optional<Login>> ask_helper(const std::string& name, const std::string& registry) {
  const std::string program = "docker-credential-" + name;
  auto helper = process::PipedProcess::start({program, "get"});
  if (!helper) return fail(ErrorKind::misconfigured, "cannot start the credential helper '" + program + "'");
  const int socket = helper->release_socket();
  // A helper may answer, or fail, without having read the question: only its answer counts.
  static_cast<void>(::send(socket, registry.data(), registry.size(), MSG_NOSIGNAL));
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(socket, buffer.data(), buffer.size())) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(socket);
  if (answer.find("credentials not found") != std::string::npos) return std::optional<Login>{};
  const auto told = parse_json(answer);
  if (!told || text_at(*told, "Secret").empty()) {
    // What it printed may hold the secret: it is not repeated.
    return fail(ErrorKind::misconfigured,
                "the credential helper '" + program + "' gave no login for " + registry + " (try docker login)");
  }
  Login login;
  login.user = text_at(*told, "Username");
  (login.user == "<token>" ? login.token : login.password) = text_at(*told, "Secret");
  return std::optional{login};
}

/// A member of an object whose name holds dots.
const Json& member(const Json& object, const std::string& name) {
  static const Json nothing;
  const json::object* members = object.if_object();
  const Json* found = members == nullptr ? nullptr : members->if_contains(name);
  return found == nullptr ? nothing : *found;
}

std::optional<Login> from_auths(const Json& entry) {
  Login login;
  login.user = text_at(entry, "username");
  login.password = text_at(entry, "password");
  login.token = text_at(entry, "identitytoken");
  const std::string pair = http::from_base64(text_at(entry, "auth"));
  if (const std::size_t colon = pair.find(':'); colon != std::string::npos) {
    login.user = pair.substr(0, colon);
    login.password = pair.substr(colon + 1);
  }
  if (login.password.empty() && login.token.empty()) return std::nullopt;
  return login;
}

Result<std::optional<Login>> find_login(const Json& config, const std::string& registry) {
  std::string helper = text_at(member(at(config, "credHelpers"), registry), "");
  if (helper.empty()) helper = text_at(config, "credsStore");
  if (!helper.empty()) return ask_helper(helper, registry);
  for (const std::string& name : {registry, "https://" + registry, "https://" + registry + "/v1/"}) {
    if (auto login = from_auths(member(at(config, "auths"), name))) return login;
  }
  return std::optional<Login>{};
}

}  // namespace

std::string registry_of(const std::string& image) {
  const std::size_t slash = image.find('/');
  const std::string first = image.substr(0, slash);
  const bool host =
      slash != std::string::npos && (first.find_first_of(".:") != std::string::npos || first == "localhost");
  return host && first != "docker.io" && first != "index.docker.io" ? first : "https://index.docker.io/v1/";
}

Result<std::string> registry_auth(const fs::path& config_directory, const std::string& registry) {
  const fs::path path = config_directory / "config.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::string{};
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto config = parse_json(text);
  if (!config) return fail(ErrorKind::misconfigured, "'" + path.string() + "' is no JSON");
  auto login = find_login(*config, registry);
  if (!login) return tl::unexpected<Error>{login.error()};
  if (!*login) return std::string{};
  json::object auth{{"serveraddress", registry}};
  if ((*login)->token.empty()) {
    auth["username"] = (*login)->user;
    auth["password"] = (*login)->password;
  } else {
    auth["identitytoken"] = (*login)->token;
  }
  std::string header = http::to_base64(json::serialize(auth));
  std::replace(header.begin(), header.end(), '+', '-');
  std::replace(header.begin(), header.end(), '/', '_');
  return header;
}

}  // namespace nmz::docker
