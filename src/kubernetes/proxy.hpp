// Which proxy leads to an API server, as kubectl chooses it. Pure.
//
// The cluster's proxy-url counts always. Else HTTPS_PROXY (for an http:// server HTTP_PROXY) does, or the same in lower
// case, unless the server is this machine or NO_PROXY names it: "*", a host and what is below it ("a.org"), only what
// is below it (".a.org", "*.a.org"), an address, or a net (10.0.0.0/8); each with a port where it is meant for that
// alone (golang.org/x/net/http/httpproxy).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/http/transport.hpp"

#include "server_address.hpp"

namespace nmz::kubernetes {

using Variable = std::function<std::optional<std::string>(const std::string& name)>;

/// Errors (misconfigured): the proxy's address is none, or its kind is not known here.
[[nodiscard]] Result<http::Proxy> choose_proxy(const ServerAddress& server, const std::string& proxy_url,
                                               const Variable& variable);

}  // namespace nmz::kubernetes
