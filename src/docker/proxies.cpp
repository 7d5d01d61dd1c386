#include "nmz/docker/proxies.hpp"

#include <fstream>
#include <iterator>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "json.hpp"

namespace nmz::docker {
namespace {

constexpr std::pair<const char*, const char*> kinds[] = {
    {"http", "httpProxy"}, {"https", "httpsProxy"}, {"no", "noProxy"}, {"ftp", "ftpProxy"}, {"all", "allProxy"}};

/// Hosts have dots in their names.
const Json* entry_of(const Json& config, const std::string& host) {
  const boost::json::object* const proxies = at(config, "proxies").if_object();
  if (proxies == nullptr) return nullptr;
  const Json* const of_host = proxies->if_contains(host);
  return of_host != nullptr ? of_host : proxies->if_contains("default");
}

std::string upper(std::string text) {
  for (char& letter : text) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::vector<std::string> proxy_variables(const std::filesystem::path& config_directory, const std::string& host) {
  std::ifstream file{config_directory / "config.json", std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const Result<Json> config = parse_json(text);
  const Json* const entry = config ? entry_of(*config, host) : nullptr;
  if (entry == nullptr) return {};
  std::vector<std::string> variables;
  for (const auto& [kind, member] : kinds) {
    const std::string value = text_at(*entry, member);
    if (value.empty()) continue;
    const std::string name = fmt::format("{}_proxy", kind);
    variables.push_back(fmt::format("{}={}", upper(name), value));
    variables.push_back(fmt::format("{}={}", name, value));
  }
  return variables;
}

}  // namespace nmz::docker
