// Which proxies the user's containers are to use: `proxies` of config.json, as `docker run` reads it (docker/cli,
// ConfigFile.ParseProxyConfig).
//
// An entry named as the Engine's host beats "default" as a whole. Each value becomes a variable in upper and in lower
// case, since programs disagree about which one they read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nmz::docker {

/// "NAME=value" each; none where nothing is configured, or what is there cannot be read. `host`: Endpoint::text().
/// Values may hold passwords: they are for jobs, not for messages.
[[nodiscard]] std::vector<std::string> proxy_variables(const std::filesystem::path& config_directory,
                                                       const std::string& host);

}  // namespace nmz::docker
