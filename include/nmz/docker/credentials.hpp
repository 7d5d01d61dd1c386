// Registry credentials, from where `docker login` put them.
//
// `credHelpers` (one for a registry), then `credsStore` (for all), then `auths` of config.json. Helpers are programs
// docker-credential-NAME spoken to over stdin and stdout (docker/docker-credential-helpers, protocol "get"). What comes
// back is only ever put into the X-Registry-Auth header; it is never part of a message or a log.
#pragma once

#include <filesystem>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::docker {

/// The registry an image reference names, as config.json spells it: "https://index.docker.io/v1/" for Docker Hub,
/// otherwise "host" or "host:port".
[[nodiscard]] std::string registry_of(const std::string& image);

/// The value of X-Registry-Auth for `registry` (base64url of the Engine API's AuthConfig); empty when nothing is known
/// for it. Blocks while a helper runs. Errors: a helper that fails, a config.json that cannot be read.
[[nodiscard]] Result<std::string> registry_auth(const std::filesystem::path& config_directory,
                                                const std::string& registry);

}  // namespace nmz::docker
