// The address of an API server as a kubeconfig says it. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::kubernetes {

struct ServerAddress {
  ServerAddress() = default;
  bool tls = true;
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string prefix;  ///< of every path; does not end with a slash
};

/// "https://HOST[:PORT][/PATH]". Errors: misconfigured.
[[nodiscard]] Result<ServerAddress> parse_server(const std::string& text);

}  // namespace nmz::kubernetes
